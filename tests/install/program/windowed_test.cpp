// SPDX-License-Identifier: BSD-3-Clause
#include <weir/test.hpp>

using namespace std::chrono_literals;

int main() {
  weir::test::operator_run run{[](weir::stream<int> in) {
    return in.key_by([](int i) { return i % 2; })
        .window(weir::tumbling(1min))
        .aggregate(weir::count{});
  }};
  constexpr weir::timestamp start{};
  run.push(1, start).push(2, start + 1s).push(3, start + 59s).push_watermark(start + 1min);
  return run.values().size() == 2 && run.late_events() == 0 ? 0 : 1;
}
