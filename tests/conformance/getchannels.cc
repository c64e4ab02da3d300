// A command that names its channels: what is done to each, whether it is a pattern, and the channel.
#include "redismodule/redismodule.h"

namespace rm = redismodule;

namespace {

enum class use : std::uint64_t {
  subscribe = rm::channel_flags::subscribe,
  unsubscribe = rm::channel_flags::unsubscribe,
  publish = rm::channel_flags::publish,
};
constexpr auto describe(rm::of<use>) {
  return rm::names<use>({{"subscribe", use::subscribe}, {"unsubscribe", use::unsubscribe}, {"publish", use::publish}});
}

enum class kind : std::uint64_t { literal = 0, pattern = rm::channel_flags::pattern };
constexpr auto describe(rm::of<kind>) {
  return rm::names<kind>({{"literal", kind::literal}, {"pattern", kind::pattern}});
}

void name_channels(rm::args words, rm::positions& found) {
  for (std::size_t i = 0; i + 2 < words.size(); i += 3) {
    const auto how = words.at<use>(i);
    const auto what = words.at<kind>(i + 1);
    if (!how || !what) return;
    found.add(i + 2, static_cast<std::uint64_t>(*how) | static_cast<std::uint64_t>(*what));
  }
}

}  // namespace

REDISMODULE_MODULE(getchannels, 1, m) {
  m.command<[](rm::rest<std::tuple<use, kind, rm::string_ref>>) {}, rm::channels_by<name_channels>>(
      "getchannels.command [use kind channel...]");
}
