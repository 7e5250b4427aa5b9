// expect: corps: StoragePolicy needs `std::optional<Lock> tryLock\(std::string_view corp\)`
// The first error is a sentence of ours, at the place where the corp is formed.
#include <corps/corps.hpp>
#include <corps/crypto/password.hpp>

#include <cstdint>
#include <span>

namespace {

class MyStorage {
public:
    class Tx {
    public:
        void scanRows(corps::TableSchema const&, std::size_t, std::span<corps::Cell const>, corps::RowVisitor,
                      void*) {}
        void upsertRow(corps::TableSchema const&, std::span<corps::Cell const>) {}
        std::uint64_t eraseRows(corps::TableSchema const&, std::span<corps::Cell const>) { return 0; }
    };
    void open(std::span<corps::TableSchema const* const>) {}
    template <class F>
    void read(F&& f) {
        Tx tx;
        f(tx);
    }
    template <class F>
    void write(F&& f) {
        Tx tx;
        f(tx);
    }
};

}  // namespace

#ifdef CORPS_EXPECT_FAIL
using Storage = MyStorage;
#else
using Storage = corps::MemoryStorage;
#endif

void use(corps::NormalType<Storage>& corp) { corp.initCorp(); }
