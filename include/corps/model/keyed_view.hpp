#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <utility>
#include <vector>

namespace corps {

/**
 * The records of a list by their id: `view.find("m1")`, `for (auto [id, record] : view)`. Points into the
 * list, which must outlive it and stay as it is. 8 bytes a record; making it is O(n) where the list is sorted
 * by id, otherwise O(n log n).
 */
template <class Key, class T>
class KeyedView {
public:
    using value_type = std::pair<Key const&, T const&>;

    /** Of records with the same id the first counts. */
    KeyedView(std::vector<T> const& list, Key T::* key) : key_(key) {
        records_.reserve(list.size());
        for (T const& r : list) records_.push_back(&r);
        auto const byKey = [key](T const* r) -> Key const& { return r->*key; };
        if (!std::ranges::is_sorted(records_, {}, byKey)) {
            std::ranges::sort(records_, [key](T const* a, T const* b) {
                if (a->*key != b->*key) return a->*key < b->*key;
                return a < b;  // in the order of the list
            });
        }
        auto const rest = std::ranges::unique(records_, {}, byKey);
        records_.erase(rest.begin(), rest.end());
    }

    /** The record with this id, or null. O(log n). */
    [[nodiscard]] T const* find(Key const& key) const noexcept {
        auto const it = std::ranges::lower_bound(records_, key, {},
                                                 [this](T const* r) -> Key const& { return r->*key_; });
        return it != records_.end() && (*it)->*key_ == key ? *it : nullptr;
    }
    [[nodiscard]] bool contains(Key const& key) const noexcept { return find(key) != nullptr; }
    [[nodiscard]] std::size_t size() const noexcept { return records_.size(); }
    [[nodiscard]] bool empty() const noexcept { return records_.empty(); }

    class Iterator {
    public:
        using iterator_category = std::input_iterator_tag;
        using value_type = KeyedView::value_type;
        using difference_type = std::ptrdiff_t;
        using pointer = void;
        using reference = value_type;

        Iterator() = default;
        Iterator(T const* const* at, Key T::* key) noexcept : at_(at), key_(key) {}
        [[nodiscard]] value_type operator*() const noexcept { return {(*at_)->*key_, **at_}; }
        Iterator& operator++() noexcept {
            ++at_;
            return *this;
        }
        Iterator operator++(int) noexcept {
            Iterator const before = *this;
            ++at_;
            return before;
        }
        friend bool operator==(Iterator const& a, Iterator const& b) noexcept { return a.at_ == b.at_; }

    private:
        T const* const* at_ = nullptr;
        Key T::* key_ = nullptr;
    };
    /** In the order of ids. */
    [[nodiscard]] Iterator begin() const noexcept { return {records_.data(), key_}; }
    [[nodiscard]] Iterator end() const noexcept { return {records_.data() + records_.size(), key_}; }

private:
    std::vector<T const*> records_;
    Key T::* key_;
};

}  // namespace corps
