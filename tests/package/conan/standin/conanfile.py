# Stands in for boost, openssl and sqlite3 where the system's own are used and nothing is downloaded. Names and components
# are those of ConanCenter, so that the recipe which users get is the one that is tried.
#   conan export . --name boost --version 1.81.0
from conan import ConanFile

PARTS = {  # name: (cmake_file_name, {component: (CMake target, system library)})
    "boost": ("Boost", {"headers": ("Boost::headers", None), "json": ("Boost::json", "boost_json")}),
    "openssl": ("OpenSSL", {"crypto": ("OpenSSL::Crypto", "crypto"), "ssl": ("OpenSSL::SSL", "ssl")}),
    "sqlite3": ("SQLite3", {"sqlite": ("SQLite::SQLite3", "sqlite3")}),
}


class StandIn(ConanFile):
    package_type = "shared-library"
    settings = "os", "arch"

    def package_info(self):
        file_name, parts = PARTS[self.name]
        whole = f"{file_name}::all-do-not-use" if len(parts) > 1 else next(iter(parts.values()))[0]
        self.cpp_info.set_property("cmake_file_name", file_name)
        self.cpp_info.set_property("cmake_target_name", whole)
        self.cpp_info.bindirs = self.cpp_info.libdirs = self.cpp_info.includedirs = []
        for name, (target, library) in parts.items():
            component = self.cpp_info.components[name]
            component.set_property("cmake_target_name", target)
            component.bindirs = component.libdirs = component.includedirs = []
            component.system_libs = [library] if library else []
            if name == "json":
                component.requires = ["headers"]
                component.defines = ["BOOST_JSON_DYN_LINK", "BOOST_JSON_NO_LIB"]
            if name == "ssl":
                component.requires = ["crypto"]
