// Replies beyond plain values.
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "redismodule/redismodule.h"

namespace rm = redismodule;

struct point {
  int x = 1;
  double y = 2.5;
  static constexpr auto fields = rm::fields(rm::field<&point::x>, rm::field<&point::y, rm::named<"height">>);
};

namespace other {

struct person {
  std::string name = "ada";
  point at;
};
constexpr auto describe(rm::of<person>) { return rm::fields(rm::field<&person::name>, rm::field<&person::at>); }

}  // namespace other

REDISMODULE_MODULE(replies, 1, m) {
  m.command("re.verbatim", [] { return rm::verbatim{"some text"}; });
  m.command("re.verbatim-md", [] { return rm::verbatim{"# text", "mkd"}; });
  m.command("re.big-number digits", [](std::string_view digits) { return rm::big_number{digits}; });
  m.command("re.null-array", [] { return rm::null_array; });
  m.command("re.null", [](rm::reply& out) { out.null(); });
  m.command("re.empties", [](rm::reply& out) {
    rm::aggregate all = out.array(3);
    out.null_array();
    out.empty_array();
    out.empty_text();
  });
  m.command("re.empty-array", [](rm::reply& out) { out.empty_array(); });
  m.command("re.empty-text", [](rm::reply& out) { out.empty_text(); });
  m.command("re.c-string", [] { return "a literal"; });
  m.command("re.long-double text", [](rm::string_ref text) { return text.long_number().value_or(0); });
  m.command("re.variant which", [](int which) -> std::variant<int, std::string, rm::error_reply> {
    if (which == 0) return 5;
    if (which == 1) return std::string{"text"};
    return rm::error_reply{"ERR neither"};
  });
  m.command("re.struct", [] { return other::person{}; });
  m.command("re.structs", [] { return std::vector<point>(2); });
  m.command("re.uncounted", [](rm::reply& out) { out.uncounted_error(rm::error_reply{"OWN no news"}); });
  m.command("re.counted", [] { return rm::error_reply{"OTHER news"}; });
  m.command("re.attribute", [](rm::reply& out) {
    {
      rm::aggregate about = out.attribute(1);
      about.push("ttl", 5);
    }
    out.text(std::string_view{"the value"});
  });
  m.command("re.attribute-postponed", [](rm::reply& out) {
    rm::aggregate array = out.array(1);
    {
      rm::aggregate about = out.attribute();
      about.push("a", std::vector<int>{1, 2});
      about.push("b", 2);
    }
    array.push("inside");
  });
  m.command("re.attribute-too-much", [](rm::reply& out) {
    {
      rm::aggregate about = out.attribute(1);
      about.push("a", 1);
      about.push("b", 2);
    }
    out.integer(1);
  });
}
