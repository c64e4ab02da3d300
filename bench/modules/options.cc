// A command with ten keyword options, by this library.
#include <redismodule/redismodule.h>
namespace rm = redismodule;

struct options {
  rm::flag<"NX"> nx;
  rm::flag<"CH", rm::needs<"NX">> ch;
  rm::flag<"GET"> get;
  rm::flag<"WITHSCORES"> with_scores;
  rm::option<"EX", long long> ex;
  rm::option<"COUNT", long long> count;
  rm::option<"IDLE", long long> idle;
  rm::option<"FREQ", long long> freq;
  rm::option<"LIMIT", std::pair<long long, long long>> limit;
  rm::option<"MATCH", rm::string_ref> match;
};

// Of what was given, a number: all of it is looked at.
long long summary(rm::string_ref key, const options& given) {
  long long sum = static_cast<long long>(key.view().size());
  sum += (given.nx ? 1 : 0) + (given.ch ? 2 : 0) + (given.get ? 4 : 0) + (given.with_scores ? 8 : 0);
  sum += given.ex.value_or(0) + given.count.value_or(0) + given.idle.value_or(0) + given.freq.value_or(0);
  if (given.limit) sum += given.limit->first + given.limit->second;
  if (given.match) sum += static_cast<long long>(given.match->view().size());
  return sum;
}

REDISMODULE_MODULE(ouroptions, 1, m) { m.command<summary>("ouroptions.all key", {.flags = rm::flags::fast}); }
