// SPDX-License-Identifier: BSD-3-Clause
// A part of a pipeline that the program and its tests share.
#pragma once

#include <weir/stream.hpp>

// [spend]
struct payment {
  std::string card;
  double amount;
  weir::timestamp at;
  bool operator==(const payment&) const = default;
};
BOOST_DESCRIBE_STRUCT(payment, (), (card, amount, at))

using total = weir::window_result<std::string, double>;
inline const weir::side_output<payment> too_late{"too late"};

inline auto spend_per_card(weir::stream<payment> payments) {
  return payments.event_time(&payment::at, weir::bounded_out_of_orderness(std::chrono::seconds(5)))
      .key_by(&payment::card)
      .window(weir::tumbling(std::chrono::minutes(1)))
      .late_to(too_late)
      .aggregate(weir::sum(&payment::amount))
      .named("spend per card");
}
// [spend]
