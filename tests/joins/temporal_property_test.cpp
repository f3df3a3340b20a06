// SPDX-License-Identifier: BSD-3-Clause
#include "joins/play.hpp"

#include <map>

using namespace weir;
using namespace weir::test;

namespace {

constexpr int plays = 1500;

/// Every fifth event of the table's stream removes its row.
bool removes(const blip& b) { return b.value % 5 == 0; }

/// The definition: all events and all versions ever.
class temporal_model {
public:
  explicit temporal_model(bool keeps_left) : keeps_left_(keeps_left) {}

  std::vector<std::string> lines;

  bool arrive(int side, const blip& event, timestamp t, timestamp watermark) {
    if (side == 1) {
      const known* newest = version_at(event.key, watermark);
      // A version that was superseded before the watermark is valid for nobody.
      if (newest == nullptr || newest->at <= t) versions_.push_back({event, t});
      forget_removed(watermark);
      return true;
    }
    if (t > watermark) waiting_.push_back({event, t});
    return t > watermark;
  }

  void advance(timestamp watermark) {
    for (const known& e : waiting_) {
      if (e.at > watermark) continue;
      const known* v = version_at(e.event.key, e.at);
      const blip* row = v == nullptr || removes(v->event) ? nullptr : &v->event;
      if (row == nullptr && !keeps_left_)
        lines.push_back(at("alone " + std::to_string(e.event.value), e.at));
      else
        lines.push_back(at(say(&e.event, row), e.at));
    }
    std::erase_if(waiting_, [&](const known& e) { return e.at <= watermark; });
    watermark_ = watermark;
    forget_removed(watermark);
  }

  /// Events that wait, versions to come, and of each key the valid one if there is a row.
  [[nodiscard]] std::int64_t held() const {
    if (watermark_ == max_timestamp) return 0;
    std::int64_t n = static_cast<std::int64_t>(waiting_.size());
    std::map<std::int64_t, const known*> valid;
    for (const known& v : versions_) {
      if (v.at > watermark_) ++n;
      valid[v.event.key] = version_at(v.event.key, watermark_);
    }
    for (const auto& [key, v] : valid) n += v != nullptr && !removes(v->event) ? 1 : 0;
    return n;
  }

private:
  struct known {
    blip event;
    timestamp at;
  };

  [[nodiscard]] const known* version_at(std::int64_t key, timestamp t) const {
    const known* newest = nullptr;
    for (const known& v : versions_)
      if (v.event.key == key && v.at <= t && (newest == nullptr || newest->at <= v.at)) newest = &v;
    return newest;
  }

  /// A row that had been removed when the watermark passed was never there.
  void forget_removed(timestamp watermark) {
    std::vector<std::int64_t> removed;
    for (const known& v : versions_)
      if (const known* newest = version_at(v.event.key, watermark);
          newest != nullptr && removes(newest->event))
        removed.push_back(v.event.key);
    std::erase_if(versions_, [&](const known& v) {
      return v.at <= watermark &&
             std::find(removed.begin(), removed.end(), v.event.key) != removed.end();
    });
  }

  bool keeps_left_;
  std::vector<known> waiting_;
  std::vector<known> versions_;
  timestamp watermark_ = min_timestamp;
};

template <class Finish>
void compare_kind(std::uint64_t first_seed, bool keeps_left, Finish finish) {
  compare(plays, first_seed, {}, [&](std::mt19937_64& random, const std::vector<act>& play) {
    const outcome expected = told(temporal_model{keeps_left}, play);
    const auto build = [finish](stream<blip> left, stream<blip> right) {
      auto rows = right
                      .map([](const blip& b) {
                        const auto kind = removes(b) ? change_kind::remove : change_kind::insert;
                        return change<blip>{kind, b, {}};
                      })
                      .key_by(on_row{&blip::key})
                      .to_table();
      return finish(left.key_by(&blip::key).join(rows).as_of().late_to(late_blips)).named("join");
    };
    return std::pair{played(build, play, random), expected};
  });
}

}  // namespace

TEST_CASE("a temporal join gives each event the row that was valid at its time") {
  compare_kind(1, false, [](auto joined) {
    return joined.unmatched_to(lone_blips).apply([](const blip& e, const blip& row) {
      return say(&e, &row);
    });
  });
}
TEST_CASE("a left temporal join also gives the events whose key had no row at their time") {
  compare_kind(100'001, true, [](auto joined) {
    return joined.left().apply([](const blip& e, const blip* row) { return say(&e, row); });
  });
}
