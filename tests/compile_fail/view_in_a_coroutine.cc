// Expected: write(const write&)
#include <coroutine>

#include <redismodule/redismodule.h>

namespace rm = redismodule;

// A coroutine of an author's own, which goes on when the command is long over.
struct later {
  struct promise_type {
    later get_return_object() { return {}; }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() {}
  };
};

// Its parameters are moved into it: a view of a key, good until the handler returns, cannot be. What it has to know
// goes in as a value.
#ifdef MISTAKE
later append(rm::write<rm::list> key) {
  key->push_back("later");
  co_return;
}
void start(rm::write<rm::list> key) { append(rm::write<rm::list>{*key}); }
#else
later append(rm::string name) {
  rm::string kept{std::move(name)};
  co_return;
}
void start(rm::write<rm::list> key) { append(rm::string::retain(key->name())); }
#endif

REDISMODULE_MODULE(faulty, 1, m) { m.command<start>("x.append key"); }
