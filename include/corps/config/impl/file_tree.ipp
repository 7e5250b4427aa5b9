#pragma once

#include <corps/config/file_tree.hpp>
#include <corps/error/error.hpp>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

namespace corps {
namespace detail {

inline bool isElementFile(std::string_view path) noexcept {
    constexpr std::string_view kName = "/e.json";
    return path.size() > kName.size() && path.substr(path.size() - kName.size()) == kName;
}

class MemoryFiles final : public FileTree {
public:
    explicit MemoryFiles(FileTexts files) : files_(std::move(files)) {}

    std::optional<std::string> read(std::string const& path) const override {
        auto const it = files_.find(path);
        if (it == files_.end()) return std::nullopt;
        return it->second;
    }
    std::vector<std::string> elementFiles() const override {
        std::vector<std::string> out;
        for (auto const& [path, text] : files_)
            if (isElementFile(path)) out.push_back(path);
        return out;
    }
    std::string describe(std::string const& path) const override { return path; }

private:
    FileTexts files_;
};

class DirectoryFiles final : public FileTree {
public:
    explicit DirectoryFiles(std::string const& directory) : root_(directory) {
        std::error_code ec;
        if (!std::filesystem::is_directory(root_, ec)) {
            Diagnostics d;
            d.place = directory;
            throw Error(Errc::config, "the application directory does not exist", std::move(d));
        }
    }

    std::optional<std::string> read(std::string const& path) const override {
        std::filesystem::path const file = root_ / path;
        std::error_code ec;
        std::filesystem::file_status const status = std::filesystem::status(file, ec);
        if (status.type() == std::filesystem::file_type::not_found) return std::nullopt;
        if (ec) throw unreadable(path, ec.message());
        if (std::filesystem::is_directory(status)) throw unreadable(path, "it is a directory");
        errno = 0;
        std::ifstream in(file, std::ios::binary);
        if (!in) throw unreadable(path, std::generic_category().message(errno));
        std::string text;
        for (char part[64 * 1024]; in.read(part, sizeof part) || in.gcount() > 0;) {
            text.append(part, static_cast<std::size_t>(in.gcount()));
            if (text.size() > kLargest) throw unreadable(path, "it is larger than 16 MiB");
        }
        if (in.bad()) throw unreadable(path, "reading it failed");
        return text;
    }

    std::vector<std::string> elementFiles() const override {
        std::vector<std::string> out;
        for (char const* top : {"corps", "auths"}) {
            std::error_code ec;
            std::filesystem::recursive_directory_iterator it(
                root_ / top, std::filesystem::directory_options::follow_directory_symlink, ec);
            if (ec) continue;
            for (; it != std::filesystem::recursive_directory_iterator(); it.increment(ec)) {
                if (ec || it.depth() > kDeepest) break;
                std::string path = it->path().lexically_relative(root_).generic_string();
                if (isElementFile(path)) out.push_back(std::move(path));
            }
        }
        std::sort(out.begin(), out.end());
        return out;
    }

    std::string describe(std::string const& path) const override { return (root_ / path).generic_string(); }

private:
    static constexpr int kDeepest = 32;  // a link that leads to its own folder ends here
    static constexpr std::size_t kLargest = 16U << 20U;

    Error unreadable(std::string const& path, std::string const& why) const {
        Diagnostics d;
        d.place = describe(path);
        return Error(Errc::config, "the file cannot be read: " + why, std::move(d));
    }
    std::filesystem::path root_;
};

}  // namespace detail

CORPS_DECL std::shared_ptr<FileTree const> memoryFiles(FileTexts files) {
    return std::make_shared<detail::MemoryFiles const>(std::move(files));
}

CORPS_DECL std::shared_ptr<FileTree const> directoryFiles(std::string const& directory) {
    return std::make_shared<detail::DirectoryFiles const>(directory);
}

}  // namespace corps
