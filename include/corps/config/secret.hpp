#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace corps {

/**
 * Text that is never shown: an application's secret, a password, a key. There is no stream operator and no
 * conversion to text; who needs the value says reveal(). The memory is overwritten before it is given back.
 *
 * Threads     Distinct objects: safe. Exceptions: std::bad_alloc when made or copied, else none.
 */
class Secret {
public:
    Secret() noexcept = default;
    /** Takes the text over; the memory of `text` is overwritten too. */
    explicit Secret(std::string&& text) : Secret(std::string_view(text)) {
        wipe(text.data(), text.size());
        text.clear();
    }
    explicit Secret(std::string_view text)
        : bytes_(text.empty() ? nullptr : std::make_unique<char[]>(text.size())), size_(text.size()) {
        std::copy(text.begin(), text.end(), bytes_.get());
    }
    explicit Secret(char const* text) : Secret(std::string_view(text)) {}

    Secret(Secret const& other) : Secret(other.reveal()) {}
    Secret(Secret&& other) noexcept : bytes_(std::move(other.bytes_)), size_(std::exchange(other.size_, 0)) {}
    Secret& operator=(Secret const& other) { return *this = Secret(other); }
    Secret& operator=(Secret&& other) noexcept {
        if (this != &other) {
            wipe(bytes_.get(), size_);
            bytes_ = std::move(other.bytes_);
            size_ = std::exchange(other.size_, 0);
        }
        return *this;
    }
    ~Secret() { wipe(bytes_.get(), size_); }

    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    /** The text itself, valid while this object lives unchanged. For what is sent or hashed, never for what
     * is shown. */
    [[nodiscard]] std::string_view reveal() const noexcept { return {bytes_.get(), size_}; }

    /** Compares in a time that depends on the lengths alone. */
    [[nodiscard]] bool equals(std::string_view other) const noexcept {
        unsigned difference = size_ == other.size() ? 0U : 1U;
        for (std::size_t i = 0; i < other.size(); ++i) {
            char const mine = size_ == 0 ? '\0' : bytes_[i % size_];
            difference |= static_cast<unsigned>(static_cast<unsigned char>(mine) ^
                                                static_cast<unsigned char>(other[i]));
        }
        return difference == 0;
    }
    friend bool operator==(Secret const& a, Secret const& b) noexcept { return a.equals(b.reveal()); }

private:
    // Through a volatile pointer: a plain fill of memory that is about to be freed may be dropped by the
    // compiler.
    static void wipe(char* bytes, std::size_t size) noexcept {
        for (char volatile* p = bytes; size != 0; --size) *p++ = 0;
    }

    std::unique_ptr<char[]> bytes_;
    std::size_t size_ = 0;
};

}  // namespace corps
