// Active defragmentation: what a value or a global has allocated is offered to the server, block by block, and moved to
// where the server has a better place. A data type's blocks are found by the description of its fields; a module's
// globals by a callback of its own:
//
//   bool defrag(rm::defragmenter& by) { return by.value(names, by_id); }
//   m.defrag<defrag>();
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "redismodule/memory/relocation.h"
#include "redismodule/string.h"
#include "redismodule/string_buffer.h"

namespace redismodule {

namespace detail {

// Larger blocks lie in pages of their own, which no server moves.
inline constexpr std::size_t largest_moved_block = 14336;

// Whether the server passes a key's name where it defragments, and not, as a string of its module API, one of its inner
// strings, which is none.
bool names_what_it_defragments() noexcept;

// Where in a value a walk was stopped, the innermost part first.
struct defrag_step {
  std::size_t index = 0;   // of a field, an element, a bucket
  std::size_t within = 0;  // a bucket
  std::string key = {};    // of a map or a set, as it is saved
};

// What is moved by its move constructor.
template <class T>
concept moves_quietly = std::is_nothrow_move_constructible_v<T> && std::is_nothrow_destructible_v<T> &&
                            alignof(T) <= 16 &&
                        sizeof(T) <= largest_moved_block;

// Those of which the block is known by a pointer of this type.
template <class T>
concept allocated_alone = moves_quietly<T> &&(!std::is_polymorphic_v<T> || std::is_final_v<T>)&&!requires {
  T::operator new(sizeof(T));
};

}  // namespace detail

// What a defragmentation callback works with.
// Lock: held. Lives as long as the callback.
class defragmenter {
 public:
  explicit defragmenter(abi::ModuleDefragCtx* ctx) noexcept;
  defragmenter(const defragmenter&) = delete;
  defragmenter& operator=(const defragmenter&) = delete;

  // Everything that these values have allocated, by their types and descriptions. References to what is in containers
  // are good no longer, and unordered containers may be in another order.
  // True where the time was up with more to do: the callback returns that, and calls this with the same values, before
  // all else, when it is called again. What has changed in between does no harm.
  // Fails: throws std::bad_alloc; the values are whole, and where they were stopped is forgotten.
  template <class... T>
  [[nodiscard]] bool value(T&... values);
  // The same without stopping, and without a cursor.
  template <class... T>
  void whole(T&... values);

  // The block itself, or a better placed one with the same bytes in place of it: what pointed to it has to point there
  // from now on. For blocks of this module's new and malloc, of an alignment of 16 at most.
  void* alloc(void* block) noexcept;
  // The same for what was made by new: by its move constructor, where it is not merely bytes. What has none that
  // cannot throw stays.
  template <class T>
  [[nodiscard]] T* object(T* made) noexcept;
  // A shared string stays.
  void alloc_string(string& text) noexcept;
  void alloc_buffer(string_buffer& text) noexcept;

  // Whether the time that the server gave is up. False where it sets none.
  bool should_stop() noexcept;

  // A number of the callback's own, 0 at first, which it finds again when it is called for the rest. Nothing where the
  // server sets no time, and calls once. Not for who calls value(), which has its own there.
  std::optional<unsigned long> cursor() const noexcept;
  // Fails: false where the server calls once.
  bool set_cursor(unsigned long at) noexcept;

  // The key that has the value. Nothing for globals, nor before Redis 8.0 and on Valkey, which pass something that is
  // no string.
  std::optional<string_ref> key() const noexcept;
  // Its database; nothing for globals. Since: Redis 7.0.
  std::optional<int> database() const noexcept;

  // How many blocks were offered to the server in this callback, and how many of them it moved.
  std::size_t offered() const noexcept { return offered_; }
  std::size_t moved() const noexcept { return moved_; }

  abi::ModuleDefragCtx* raw() const noexcept { return ctx_; }

  // --- For what walks through values ---

  // Whether it is time to go back. Asked after each element, it asks the server now and then.
  bool is_tired() noexcept {
    if (pauses_ != 0) return false;
    return stopped_ || (++looked_at_ % looks_between_questions == 0 && should_go_back());
  }
  // Until the end of what it gives is_tired() says no.
  [[nodiscard]] auto uninterrupted() noexcept {
    struct pause {
      std::size_t& count;
      ~pause() { --count; }
    };
    return pause{++pauses_};
  }
  memory::relocation& blocks() noexcept { return blocks_; }
  // What is left to enter of the path that is gone again; and the path of who is stopped.
  std::vector<detail::defrag_step>& path() noexcept { return path_; }

 private:
  static constexpr std::size_t looks_between_questions = 16;
  // Servers may count no time where nothing is offered.
  static constexpr std::size_t most_looks = 32768;

  static void* ask(void* self, void* block);
  bool should_go_back() noexcept;
  // Whose path is remembered from one call to the next.
  void resume(const void* whose) noexcept;
  bool remember(const void* whose, bool stopped) noexcept;

  abi::ModuleDefragCtx* ctx_;
  memory::relocation blocks_;
  std::vector<detail::defrag_step> path_;
  std::size_t offered_ = 0;
  std::size_t moved_ = 0;
  std::size_t looked_at_ = 0;
  std::size_t pauses_ = 0;
  bool stopped_ = false;
};

template <class T>
T* defragmenter::object(T* made) noexcept {
  if constexpr (!detail::allocated_alone<T>) {
    return made;
  } else if constexpr (std::is_trivially_copyable_v<T>) {
    return static_cast<T*>(alloc(made));
  } else {
    if (!memory::relocation::can_move(made)) return made;
    alignas(T) unsigned char room[sizeof(T)];
    T* away = std::construct_at(reinterpret_cast<T*>(room), std::move(*made));
    std::destroy_at(made);
    T* there = std::construct_at(static_cast<T*>(alloc(made)), std::move(*away));
    std::destroy_at(away);
    return there;
  }
}

}  // namespace redismodule

#include "redismodule/detail/defrag_value.h"
