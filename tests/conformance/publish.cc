// Messages to the subscribers of a channel.
#include <vector>

#include "redismodule/redismodule.h"

namespace rm = redismodule;

namespace {

// Raw calls until context.h says them.
int publish(rm::context& ctx, rm::string_ref channel, rm::string_ref message) {
  return rm::api.PublishMessage(ctx.raw(), channel.raw(), message.raw());
}
int publish_to_shard(rm::context& ctx, rm::string_ref channel, rm::string_ref message) {
  return rm::api.PublishMessageShard(ctx.raw(), channel.raw(), message.raw());
}

std::vector<int> publish_each(rm::context& ctx, rm::string_ref channel, rm::at_least_one<rm::string_ref> messages) {
  std::vector<int> receivers;
  for (auto message : messages) receivers.push_back(publish(ctx, channel, message));
  return receivers;
}

}  // namespace

REDISMODULE_MODULE(publish, 1, m) {
  m.command<publish>("publish.classic channel message");
  m.command<publish_to_shard>("publish.shard channel message");
  m.command<publish_each>("publish.classic_multi channel message...");
}
