// Twelve features of the C++ library in modules that stand beside each other,
// in either order: all right, and no byte of used_memory is lost or gained.
#include "modules/features.h"

#include <gtest/gtest.h>

#include "isolation.h"

namespace {

using isolation::kit::server;

struct neighbour {
  std::string name;
  std::string path;
  bool ours = true;
};

const neighbour one{"one", FEATURES_ONE_MODULE};
const neighbour two{"two", FEATURES_TWO_MODULE};
const neighbour by_gcc_lto{"gcc_lto", FEATURES_GCC_LTO_MODULE};
const neighbour plain{"plain", FEATURES_PLAIN_MODULE, false};
const neighbour control{"control", FEATURES_CONTROL_MODULE, false};
#ifdef FEATURES_CLANG_MODULE
const neighbour by_clang{"clang", FEATURES_CLANG_MODULE};
const neighbour by_clang_lto{"clang_lto", FEATURES_CLANG_LTO_MODULE};
#endif
#ifdef FEATURES_OFFICIAL_MODULE
const neighbour official{"official", FEATURES_OFFICIAL_MODULE};
#endif

constexpr long long rounds = 20;
constexpr int repeats = 5;
// glibc gives a block what is left over behind it, so that the server's own may
// differ by 16 bytes from time to time. A block lost or freed twice in each
// round would be more than this.
constexpr long long noise = rounds;

struct verdict {
  int wrong = 0;        // features with a wrong result
  int drifted = 0;      // features after which used_memory was not where it had been
  long long drift = 0;  // by this much in all
  std::string names;    // of the features
};

// A fault repeats itself, whereas what is kept for good, or a server's buffers
// that shrink, come once: hence the median.
verdict try_features(server& s, const neighbour& of) {
  verdict found;
  for (int index = 0; index < features::count; ++index) {
    bool wrong = false;
    std::vector<long long> drifts;
    for (int i = 0; i < repeats; ++i) {
      const auto before = s.memory();
      wrong = s.call(of.name + ".features", index, rounds) != 0 || wrong;
      drifts.push_back(s.memory() - before);
    }
    const auto drift = isolation::median(drifts);
    found.wrong += wrong;
    const bool drifted = std::abs(drift) > noise;
    found.drifted += drifted;
    found.drift += drift;
    if (wrong || drifted) found.names += std::string(features::all[index].name) + "; ";
  }
  return found;
}

void expect_right(server& s, const neighbour& of) {
  const auto found = try_features(s, of);
  EXPECT_EQ(found.wrong, 0) << of.name << ": " << found.names;
  if (of.ours) {
    EXPECT_EQ(found.drifted, 0) << of.name << ": " << found.names << found.drift << " bytes";
    EXPECT_GT(s.call(of.name + ".source").integer(), 0) << "memory still comes from the arena";
  }
}

// Loads them in this order, tries all of them, unloads the first and tries the
// others again.
void expect_right_together(const std::vector<neighbour>& modules) {
  server s{isolation::quiet()};
  for (const auto& each : modules) s.load(each.path);
  for (const auto& each : modules) expect_right(s, each);
  s.unload(modules.front().name);
  for (std::size_t i = 1; i < modules.size(); ++i) expect_right(s, modules[i]);
}

TEST(features, one_module_alone) {
  server s{isolation::quiet()};
  s.load(one.path);
  const auto found = try_features(s, one);
  isolation::figures("features", s, "features\twrong\tdrifted", features::count, found.wrong, found.drifted);
  EXPECT_EQ(found.wrong + found.drifted, 0) << found.names;
}

TEST(features, two_modules_with_the_allocator) {
  expect_right_together({one, two});
  expect_right_together({two, one});
}

TEST(features, beside_a_module_that_links_the_cpp_library_dynamically) {
  expect_right_together({one, plain});
  expect_right_together({plain, one});
  expect_right_together({one, plain, two});
  expect_right_together({plain, one, two});
}

TEST(features, link_time_optimisation_by_gcc) {
  expect_right_together({by_gcc_lto, plain, one});
  expect_right_together({plain, one, by_gcc_lto});
}

#ifdef FEATURES_CLANG_MODULE
TEST(features, built_by_clang_with_and_without_link_time_optimisation) {
  expect_right_together({by_clang, one, plain, by_clang_lto});
  expect_right_together({by_clang_lto, plain, one, by_clang});
}
#endif

#ifdef FEATURES_OFFICIAL_MODULE
TEST(features, an_own_entry_point_with_the_official_header) {
  expect_right_together({official, one, plain});
  expect_right_together({plain, one, official});
}
#endif

void expect_builder_works(const std::string& path) {
  server s;
  s.load(path);
  EXPECT_EQ(s.call("static_one.combine", 2, 3, 4), 9);
  EXPECT_TRUE(s.call("static_one.combine", "x").is_error());
  EXPECT_EQ(s.call("static_one.tell", "x"), "x thrown in one of one");
  s.unload("static_one");
  EXPECT_FALSE(s.maps(path.substr(path.rfind('/') + 1)));
}

TEST(builder, link_time_optimisation_by_gcc) { expect_builder_works(BUILDER_GCC_LTO_MODULE); }

#ifdef BUILDER_CLANG_LTO_MODULE
TEST(builder, link_time_optimisation_by_clang) { expect_builder_works(BUILDER_CLANG_LTO_MODULE); }
#endif

[[maybe_unused]] void expect_old_and_new(const std::string& path) {
  server s;
  s.load(path);
  EXPECT_EQ(s.call("two_headers.old", 1, 2, 3), 6);
  EXPECT_EQ(s.call("two_headers.old", "x").error(), "ERR not a number");
  EXPECT_EQ(s.call("two_headers.new", 1, 2, 3), 6);
  s.unload("two_headers");
}

#ifdef TWO_HEADERS_REDIS_MODULE
TEST(headers, the_official_redis_header_and_ours_in_one_source_file) { expect_old_and_new(TWO_HEADERS_REDIS_MODULE); }
#endif

#ifdef TWO_HEADERS_VALKEY_MODULE
// Valkey's header asks for its functions by Valkey's names, which our table answers on Redis too.
TEST(headers, the_official_valkey_header_and_ours_in_one_source_file) { expect_old_and_new(TWO_HEADERS_VALKEY_MODULE); }
#endif

// Operators of its own over a shared C++ library, only some of whose calls they
// catch.
TEST(features, the_control_is_seen_to_free_foreign_blocks) {
  server s{isolation::quiet()};
  s.load(control.path);
  verdict found;
  std::string end = "it goes on";
  try {
    found = try_features(s, control);
  } catch (const isolation::kit::connection_lost& lost) {
    end = "the server ended";
  }
  isolation::figures("features_control", s, "wrong\tdrifted\tend", found.wrong, found.drifted, end);
  EXPECT_TRUE(end == "the server ended" || found.wrong + found.drifted > 0);
  s.take_reports();  // a sanitizer sees it too
}

}  // namespace
