#pragma once

#include <corps/config/app_elements.hpp>
#include <corps/config/element.hpp>
#include <corps/config/file_tree.hpp>
#include <corps/context/context.hpp>
#include <corps/corp.hpp>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace corps {

namespace detail {

/** A text as a template argument. */
template <std::size_t N>
struct ElementTypeName {
    char text[N]{};
    consteval ElementTypeName(char const (&t)[N]) {
        std::copy_n(t, N, text);
    }  // NOLINT(google-explicit-constructor)
    [[nodiscard]] constexpr std::string_view view() const noexcept { return {text, N - 1}; }
};

template <class T>
struct ElementTypeOf {
    using Type = T;
    static constexpr std::string_view name() {
        constexpr std::string_view kName = elementTypeOf<typename T::Client>();
        static_assert(!kName.empty(),
                      "corps: App needs to know which \"type\" this is: say ElementType<\"corps.MyType\", "
                      "MyType>, or give its "
                      "client `static constexpr std::string_view kElementType`");
        return kName;
    }
};

}  // namespace detail

/** Tells App under which "type" elements are of this C++ type: `App<ElementType<"corps.FSInnerType",
 * MyFeishuType>>`. */
template <detail::ElementTypeName Name, class T>
struct ElementType {};

namespace detail {

template <ElementTypeName Name, class T>
struct ElementTypeOf<ElementType<Name, T>> {
    using Type = T;
    static constexpr std::string_view name() { return Name.view(); }
};

}  // namespace detail

/**
 * The corps of a directory of elements, each made when it is first asked for.
 *
 *     App<FSInnerType<HttpsTransport, SqliteStorage>> app(directoryFiles("my-app"), Context(), AppOptions(),
 *                                                         HttpsTransport(), SqliteStorage("corps.db"));
 *     auto& corp = app.getElement<FSInnerType<HttpsTransport, SqliteStorage>>("corps.MyFeishuCorp");
 *
 * @tparam Types what the app knows: corp types, each under its official "type", or
 * ElementType<"corps.MyType", T>. Of two under one name the first counts: a type of your own takes the place
 * of an official one.
 *
 * Threads     All members may be called from any thread.
 */
template <class... Types>
class App {
    static_assert(sizeof...(Types) > 0,
                  "corps: App needs the types it shall know: App<FSInnerType<MyTransport, MyStorage>>");

public:
    /**
     * Reads nothing yet.
     * @param files directoryFiles(path) or memoryFiles({{path, text}, ...}).
     * @param parts the transports and storages of the types, one of each kind; copies share them.
     */
    template <class... Parts>
    App(std::shared_ptr<FileTree const> files, Context context, AppOptions options, Parts... parts)
        : elements_(std::move(files), std::move(context), std::move(options)) {
        auto const shared = std::make_shared<std::tuple<Parts...>>(std::move(parts)...);
        std::size_t i = 0;
        ((makers_[i++] = [shared](CorpConfig config, Context c) -> std::shared_ptr<void> {
             return make<CorpOf<Types>>(std::move(config), std::move(c), *shared);
         }),
         ...);
    }

    /**
     * The corp of this name; it lives as long as the app. The first time it is made and, unless the options
     * say otherwise, initialised: initCorp syncs a store that never was. If that fails, the error is passed
     * on, and the next call tries again.
     *
     * Errors      Error(config) that names file and key: a missing or broken file, a type that is not Type;
     * what initCorp throws.
     */
    template <class Type>
        requires(std::same_as<Type, typename detail::ElementTypeOf<Types>::Type> || ...)
    [[nodiscard]] Type& getElement(std::string const& fullName) {
        Slot& slot = use(fullName);
        bool const is = [&]<std::size_t... I>(std::index_sequence<I...>) {
            return ((slot.type == I && std::same_as<Type, CorpOf<Types>>) || ...);
        }(std::index_sequence_for<Types...>());
        if (!is) AppElements::refuseType(elements_.element(fullName), namesOf<Type>(), true);
        return *static_cast<Type*>(slot.corp.get());
    }

    /** Calls f(corp) with the corp's own type; f takes any of them and returns the same type for each. As
     * getElement. */
    template <class F>
    decltype(auto) visit(std::string const& fullName, F&& f) {
        using Result = std::invoke_result_t<F&, CorpOf<std::tuple_element_t<0, std::tuple<Types...>>>&>;
        Slot& slot = use(fullName);
        using Call = Result (*)(F&, void*);
        static constexpr std::array<Call, sizeof...(Types)> kCalls{
            +[](F& g, void* corp) -> Result { return g(*static_cast<CorpOf<Types>*>(corp)); }...};
        return kCalls[slot.type](f, slot.corp.get());
    }

    /** Full names of all elements there are, sorted. */
    [[nodiscard]] std::vector<std::string> names() const { return elements_.names(); }
    /** An element as it is configured, auths.* too. Errors: Error(config); see loadElement. */
    [[nodiscard]] CorpConfig element(std::string const& fullName) const {
        return elements_.element(fullName);
    }

private:
    template <class T>
    using CorpOf = typename detail::ElementTypeOf<T>::Type;

    struct Slot {
        std::mutex mutex;
        std::shared_ptr<void> corp;
        std::size_t type = 0;
        bool ready = false;
    };

    template <class Type, class Tuple>
    static std::shared_ptr<void> make(CorpConfig config, Context context, Tuple const& parts) {
        using Storage = typename Type::Storage;
        if constexpr (Type::Sync::kFollowsUpstream) {
            using Transport = typename Type::Client::Transport;
            return std::make_shared<Type>(std::move(config), std::move(context), std::get<Transport>(parts),
                                          std::get<Storage>(parts));
        } else {
            return std::make_shared<Type>(std::move(config), std::move(context), std::get<Storage>(parts));
        }
    }

    /** The names under which elements are of this type; of every type without one. */
    template <class Type = void>
    static std::vector<std::string_view> namesOf() {
        std::vector<std::string_view> out;
        ((std::is_void_v<Type> || std::same_as<Type, CorpOf<Types>>
              ? out.push_back(detail::ElementTypeOf<Types>::name())
              : void()),
         ...);
        return out;
    }

    Slot& use(std::string const& fullName) {
        Slot* slot = nullptr;
        {
            std::lock_guard<std::mutex> const lock(mutex_);
            slot = &slots_[fullName];
        }
        std::lock_guard<std::mutex> const lock(slot->mutex);
        if (slot->corp == nullptr) {
            CorpConfig config = elements_.element(fullName);
            std::vector<std::string_view> const known = namesOf();
            auto const it = std::find(known.begin(), known.end(), config.type);
            if (it == known.end()) AppElements::refuseType(config, known, false);
            slot->type = static_cast<std::size_t>(it - known.begin());
            slot->corp = makers_[slot->type](std::move(config), elements_.context());
        }
        if (!slot->ready && elements_.initialises()) {
            static constexpr std::array<void (*)(void*), sizeof...(Types)> kInit{
                +[](void* corp) { static_cast<CorpOf<Types>*>(corp)->initCorp(); }...};
            kInit[slot->type](slot->corp.get());
        }
        slot->ready = true;
        return *slot;
    }

    AppElements elements_;
    std::array<std::function<std::shared_ptr<void>(CorpConfig, Context)>, sizeof...(Types)> makers_;
    std::mutex mutex_;
    std::map<std::string, Slot> slots_;
};

}  // namespace corps
