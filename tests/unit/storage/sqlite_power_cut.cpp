// A power failure: of what was written since the last flush of a file, any part may be on the disk and any
// may not. Whatever is left is the state before a transaction or after it, and with SqliteSync::full never
// one before a transaction whose write() had returned.
#include "tables.hpp"
#include "temp_dir.hpp"

#include <corps/storage/sqlite.hpp>

#include <catch2/catch_test_macros.hpp>
#include <sqlite3.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <new>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace storage_sqlite_power_cut_test {

using namespace corps;

namespace {

constexpr int kPeople = 60;

/** What would be on a disk that keeps the order of nothing between two flushes. New files and their names are
 * there. */
class Disk {
public:
    using Files = std::map<std::string, std::string>;

    void write(std::string const& file, std::size_t at, std::string bytes) {
        pending_.push_back({file, at, std::move(bytes), false});
    }
    void truncate(std::string const& file, std::size_t size) { pending_.push_back({file, size, {}, true}); }
    void sync(std::string const& file) {
        for (Operation const& o : pending_)
            if (o.file == file) apply(flushed_, o);
        std::erase_if(pending_, [&](Operation const& o) { return o.file == file; });
    }
    void remove(std::string const& file) {
        flushed_.erase(file);
        std::erase_if(pending_, [&](Operation const& o) { return o.file == file; });
    }
    /** The disk after a power failure now. */
    [[nodiscard]] Files cut(std::mt19937& random) const {
        Files out = flushed_;
        unsigned const kept = static_cast<unsigned>(random() % 5);  // of four
        auto const survives = [&] { return random() % 4 < kept; };
        for (Operation const& o : pending_) {
            if (o.truncates) {
                if (survives()) apply(out, o);
                continue;
            }
            for (std::size_t i = 0; i < o.bytes.size(); i += kSector)
                if (survives()) apply(out, {o.file, o.at + i, o.bytes.substr(i, kSector), false});
        }
        return out;
    }
    std::function<void()> changed;  ///< called after each operation

private:
    static constexpr std::size_t kSector = 512;
    struct Operation {
        std::string file;
        std::size_t at;
        std::string bytes;
        bool truncates;
    };
    static void apply(Files& files, Operation const& o) {
        std::string& file = files[o.file];
        if (o.truncates) {
            file.resize(o.at);
            return;
        }
        if (file.size() < o.at + o.bytes.size()) file.resize(o.at + o.bytes.size());
        std::copy(o.bytes.begin(), o.bytes.end(), file.begin() + static_cast<std::ptrdiff_t>(o.at));
    }
    Files flushed_;
    std::vector<Operation> pending_;
};

/** SQLite's way to files, with notes taken of what happens to databases and their logs. Lasts as long as
 * this. */
class Watched {
public:
    explicit Watched(Disk& disk) {
        disk_ = &disk;
        real_ = sqlite3_vfs_find(nullptr);
        vfs_ = *real_;
        vfs_.zName = "watched";
        vfs_.szOsFile = static_cast<int>(sizeof(File)) + real_->szOsFile;
        vfs_.xOpen = &open;
        vfs_.xDelete = [](sqlite3_vfs*, char const* name, int flush) {
            int const code = real_->xDelete(real_, name, flush);
            if (code == SQLITE_OK) note([&] { disk_->remove(name); });
            return code;
        };
        REQUIRE(sqlite3_vfs_register(&vfs_, 1) == SQLITE_OK);
    }
    Watched(Watched const&) = delete;
    Watched& operator=(Watched const&) = delete;
    ~Watched() {
        sqlite3_vfs_unregister(&vfs_);
        sqlite3_vfs_register(real_, 1);
    }

private:
    struct File : sqlite3_file {
        sqlite3_file* real = nullptr;
        std::string name;
    };
    static File& of(sqlite3_file* f) { return *static_cast<File*>(f); }
    static sqlite3_file* real(sqlite3_file* f) { return of(f).real; }
    static sqlite3_io_methods const& methods(sqlite3_file* f) { return *real(f)->pMethods; }
    template <class F>
    static void note(F f) {
        f();
        if (disk_->changed) disk_->changed();
    }

    static int open(sqlite3_vfs*, char const* name, sqlite3_file* place, int flags, int* got) {
        File* const file = new (place) File();
        file->pMethods = nullptr;
        file->real = reinterpret_cast<sqlite3_file*>(reinterpret_cast<char*>(place) + sizeof(File));
        int const code = real_->xOpen(real_, name, file->real, flags, got);
        if (file->real->pMethods == nullptr) {
            file->~File();
            return code;
        }
        if (name != nullptr &&
            (flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL)) != 0)
            file->name = name;
        static sqlite3_io_methods const kMethods = watching();
        file->pMethods = &kMethods;
        return code;
    }
    static sqlite3_io_methods watching() {
        sqlite3_io_methods m{};
        m.iVersion = 2;  // with shared memory, without mapped files
        m.xClose = [](sqlite3_file* f) {
            int const code = methods(f).xClose(real(f));
            of(f).~File();
            return code;
        };
        m.xRead = [](sqlite3_file* f, void* to, int n, sqlite3_int64 at) {
            return methods(f).xRead(real(f), to, n, at);
        };
        m.xWrite = [](sqlite3_file* f, void const* from, int n, sqlite3_int64 at) {
            int const code = methods(f).xWrite(real(f), from, n, at);
            if (code == SQLITE_OK && !of(f).name.empty())
                note([&] {
                    disk_->write(of(f).name, static_cast<std::size_t>(at),
                                 {static_cast<char const*>(from), static_cast<std::size_t>(n)});
                });
            return code;
        };
        m.xTruncate = [](sqlite3_file* f, sqlite3_int64 size) {
            int const code = methods(f).xTruncate(real(f), size);
            if (code == SQLITE_OK && !of(f).name.empty())
                note([&] { disk_->truncate(of(f).name, static_cast<std::size_t>(size)); });
            return code;
        };
        m.xSync = [](sqlite3_file* f, int flags) {
            int const code = methods(f).xSync(real(f), flags);
            if (code == SQLITE_OK && !of(f).name.empty()) note([&] { disk_->sync(of(f).name); });
            return code;
        };
        m.xFileSize = [](sqlite3_file* f, sqlite3_int64* size) {
            return methods(f).xFileSize(real(f), size);
        };
        m.xLock = [](sqlite3_file* f, int kind) { return methods(f).xLock(real(f), kind); };
        m.xUnlock = [](sqlite3_file* f, int kind) { return methods(f).xUnlock(real(f), kind); };
        m.xCheckReservedLock = [](sqlite3_file* f, int* out) {
            return methods(f).xCheckReservedLock(real(f), out);
        };
        m.xFileControl = [](sqlite3_file* f, int op, void* arg) {
            // A hint that the file will grow makes it grow: that is no writing of ours.
            return op == SQLITE_FCNTL_SIZE_HINT ? SQLITE_OK : methods(f).xFileControl(real(f), op, arg);
        };
        m.xSectorSize = [](sqlite3_file* f) { return methods(f).xSectorSize(real(f)); };
        m.xDeviceCharacteristics = [](sqlite3_file* f) { return methods(f).xDeviceCharacteristics(real(f)); };
        m.xShmMap = [](sqlite3_file* f, int page, int size, int extend, void volatile** out) {
            return methods(f).xShmMap(real(f), page, size, extend, out);
        };
        m.xShmLock = [](sqlite3_file* f, int offset, int n, int flags) {
            return methods(f).xShmLock(real(f), offset, n, flags);
        };
        m.xShmBarrier = [](sqlite3_file* f) { methods(f).xShmBarrier(real(f)); };
        m.xShmUnmap = [](sqlite3_file* f, int erase) { return methods(f).xShmUnmap(real(f), erase); };
        return m;
    }

    static inline Disk* disk_ = nullptr;
    static inline sqlite3_vfs* real_ = nullptr;
    sqlite3_vfs vfs_{};
};

std::int64_t counterIn(RowAccess& tx) {
    std::int64_t value = 0;
    tx.forEach(counters(), 0, {}, [&](std::span<Cell const> row) { value = row[1].integer(); });
    return value;
}

/** What is left after one of many moments, and what had been promised by then. */
struct Moment {
    Disk::Files files;
    std::int64_t told = 0;
};

std::vector<Moment> momentsOf(std::string const& file, SqliteSync sync, std::mt19937& random) {
    Disk disk;
    std::vector<Moment> out;
    std::int64_t told = 0;
    disk.changed = [&] {
        if (random() % 4 == 0) out.push_back({disk.cut(random), told});
    };
    Watched const watched(disk);
    SqliteOptions options;
    options.sync = sync;
    options.checkpointBytes = 60'000;  // so that some moments are while the log is moved into the file
    {
        SqliteStorage s(file, options);
        openTables(s);
        for (std::int64_t n = 1; n <= 25; ++n) {
            s.write([&](RowAccess& tx) {
                for (int i = 0; i < kPeople; ++i) putPerson(tx, std::to_string(i), n);
                put(tx, counters(), {Cell::text("n"), Cell::integer(n)});
            });
            told = n;
        }
    }
    out.push_back({disk.cut(random), told});
    return out;
}

/** The number of the transaction after which the store is as it is; each is whole or not there. */
std::int64_t reachedIn(Disk::Files const& files, TempDir const& dir) {
    std::string const file = dir.file("after.db");
    for (char const* end : {"", "-wal", "-shm", "-journal"}) std::filesystem::remove(file + end);
    for (auto const& [name, bytes] : files) {
        std::size_t const at = name.rfind(".db");
        std::ofstream(file + name.substr(at + 3), std::ios::binary) << bytes;
    }
    SqliteStorage s(file);
    openTables(s);
    CHECK(s.check().empty());
    std::int64_t reached = 0;
    s.read([&](RowAccess& tx) {
        reached = counterIn(tx);
        int rows = 0;
        bool same = true;
        tx.forEach(people(), 0, {}, [&](std::span<Cell const> row) {
            ++rows;
            same = same && row[2].integer() == reached;
        });
        CHECK(same);
        CHECK(rows == (reached == 0 ? 0 : kPeople));
    });
    return reached;
}

}  // namespace

TEST_CASE("storage: a power failure leaves a SQLite file as before a transaction or as after it",
          "[storage]") {
    unsigned const seed = std::random_device()();
    CAPTURE(seed);
    std::mt19937 random(seed);
    TempDir const dir;
    SECTION("and what was committed is there") {
        std::vector<Moment> const moments = momentsOf(dir.file("full.db"), SqliteSync::full, random);
        CHECK(moments.size() > 20);
        for (Moment const& m : moments) {
            std::int64_t const reached = reachedIn(m.files, dir);
            CHECK(reached >= m.told);
            CHECK(reached <= m.told + 1);
        }
    }
    SECTION("but with SqliteSync::normal the last ones may be gone") {
        std::vector<Moment> const moments = momentsOf(dir.file("normal.db"), SqliteSync::normal, random);
        bool lost = false;
        for (Moment const& m : moments) {
            std::int64_t const reached = reachedIn(m.files, dir);
            CHECK(reached <= m.told + 1);
            lost = lost || reached < m.told;
        }
        CHECK(lost);
    }
}

}  // namespace storage_sqlite_power_cut_test
