#pragma once

#include <corps/detail/config.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace corps {

/**
 * Where element files are read from. Paths are relative, with "/" between their parts.
 * Threads     All members may be called from any thread.
 */
class FileTree {
public:
    virtual ~FileTree() = default;
    /** The whole file, or nothing when there is none. Throws Error(config), with the file and the reason,
     * when it is there and cannot be read. */
    [[nodiscard]] virtual std::optional<std::string> read(std::string const& path) const = 0;
    /** All files called e.json, sorted. */
    [[nodiscard]] virtual std::vector<std::string> elementFiles() const = 0;
    /** What errors call a file. */
    [[nodiscard]] virtual std::string describe(std::string const& path) const = 0;
};

/** Texts by path: {"corps/Demo/e.json", "{...}"}. */
using FileTexts = std::map<std::string, std::string, std::less<>>;

/** Files held in memory. */
[[nodiscard]] CORPS_DECL std::shared_ptr<FileTree const> memoryFiles(FileTexts files);

/**
 * A directory of the file system. No file in it may be larger than 16 MiB.
 * Errors: Error(config) when `directory` is none.
 */
[[nodiscard]] CORPS_DECL std::shared_ptr<FileTree const> directoryFiles(std::string const& directory);

}  // namespace corps

#ifdef CORPS_HEADER_ONLY
#include <corps/config/impl/file_tree.ipp>
#endif
