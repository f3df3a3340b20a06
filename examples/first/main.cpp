// SPDX-License-Identifier: BSD-3-Clause
// The first pipeline: payments from a file, summed for each card and minute, printed.
// [first]
#include <weir/weir.hpp>

using namespace std::chrono_literals;

struct payment {
  std::string card;
  double amount;
  weir::timestamp at;
};
BOOST_DESCRIBE_STRUCT(payment, (), (card, amount, at))

int main(int argc, char** argv) {
  return weir::main(argc, argv, "first", [](weir::pipeline& p, const weir::args& args) {
    p.from(weir::files<payment>(args["input"]))
        .event_time(&payment::at, weir::bounded_out_of_orderness(5s))
        .filter([](const payment& x) { return x.amount > 0; })
        .key_by(&payment::card)
        .window(weir::tumbling(1min))
        .aggregate(weir::count{}, weir::sum(&payment::amount))
        .named("spend per card")
        .to(weir::to_stdout());
  });
}
// [first]
