// Messages to the subscribers of a channel.
#include <vector>

#include "redismodule/redismodule.h"

namespace rm = redismodule;

namespace {

using text = rm::string_ref;

std::vector<int> publish_each(rm::context& ctx, text channel, rm::at_least_one<text> messages) {
  std::vector<int> receivers;
  for (auto message : messages) receivers.push_back(ctx.publish(channel, message));
  return receivers;
}

}  // namespace

REDISMODULE_MODULE(publish, 1, m) {
  m.command("publish.classic channel message",
            [](rm::context& ctx, text channel, text message) { return ctx.publish(channel, message); });
  m.command("publish.shard channel message",
            [](rm::context& ctx, text channel, text message) { return ctx.publish_shard(channel, message); });
  m.command<publish_each>("publish.classic_multi channel message...");
}
