import os
import re

from conan import ConanFile
from conan.errors import ConanInvalidConfiguration
from conan.tools.build import check_min_cppstd
from conan.tools.files import copy, load
from conan.tools.layout import basic_layout


class CorpsConan(ConanFile):
    name = "corps"
    description = "Models an enterprise organisation and syncs it from DingTalk, WeCom and Feishu"
    topics = ("organisation", "directory", "sync", "dingtalk", "wecom", "feishu", "lark", "header-only")
    license = "BSL-1.0"
    package_type = "header-library"
    settings = "os", "arch", "compiler", "build_type"
    options = {
        "with_openssl": [True, False],  # corps::crypto, corps::https, corps::emulator
        "with_sqlite": [True, False],
        "boost_json_header_only": [True, False],
    }
    default_options = {"with_openssl": True, "with_sqlite": True, "boost_json_header_only": False}
    exports_sources = "include/*", "LICENSE"
    test_package_folder = "tests/package/conan/test_package"
    no_copy_source = True

    def set_version(self):
        text = load(self, os.path.join(self.recipe_folder, "include", "corps", "version.hpp"))
        self.version = ".".join(
            re.search(rf"#define CORPS_VERSION_{part} (\d+)", text).group(1) for part in ("MAJOR", "MINOR", "PATCH")
        )

    def layout(self):
        basic_layout(self)

    def requirements(self):
        self.requires("boost/[>=1.81 <2]", transitive_headers=True, transitive_libs=True)
        if self.options.with_openssl:
            self.requires("openssl/[>=3 <4]", transitive_headers=True, transitive_libs=True)
        if self.options.with_sqlite:
            self.requires("sqlite3/[>=3.35 <4]", transitive_headers=True, transitive_libs=True)

    def package_id(self):
        self.info.clear()

    def validate(self):
        check_min_cppstd(self, 20)
        boost = self.dependencies["boost"] if "boost" in self.dependencies else None  # absent under [platform_requires]
        if boost and not self.options.boost_json_header_only and (
            boost.options.get_safe("without_json") or boost.options.get_safe("header_only")
        ):
            raise ConanInvalidConfiguration(
                "corps needs Boost.JSON: boost/*:header_only=False and without_json=False, "
                "or corps/*:boost_json_header_only=True"
            )

    def package(self):
        copy(self, "LICENSE", self.source_folder, os.path.join(self.package_folder, "licenses"))
        for pattern in ("*.hpp", "*.ipp"):
            copy(self, pattern, os.path.join(self.source_folder, "include"), os.path.join(self.package_folder, "include"))

    def package_info(self):
        def present(*references):
            return [r for r in references if r.split("::")[0] in self.dependencies]

        def part(name, requires, target=None):
            component = self.cpp_info.components[name]
            component.set_property("cmake_target_name", target or f"corps::{name}")
            component.bindirs, component.libdirs = [], []
            component.requires = requires
            return component

        self.cpp_info.set_property("cmake_file_name", "corps")
        self.cpp_info.set_property("cmake_target_name", "corps::all-do-not-use")
        boost = ["boost::headers"] + ([] if self.options.boost_json_header_only else ["boost::json"])
        core = part("core", present(*boost), target="corps::corps")
        if self.settings.os in ("Linux", "FreeBSD"):
            core.system_libs = ["pthread"]
        part("separate", ["core"]).defines = ["CORPS_SEPARATE_COMPILATION"]
        if self.options.with_openssl:
            part("crypto", ["core"] + present("openssl::crypto"))
            part("https", ["core"] + present("openssl::ssl", "openssl::crypto"))
            part("emulator", ["core"] + present("openssl::ssl", "openssl::crypto"))
        if self.options.with_sqlite:
            part("sqlite", ["core"] + present("sqlite3::sqlite"))
