// SPDX-License-Identifier: BSD-3-Clause
#include "weir/codec/rfc3339.hpp"
#include "weir/connectors/kafka/consumer.hpp"
#include "weir/connectors/kafka/sink.hpp"

namespace weir::kafka {

void dead_letter_record::operator()(const dead_letter& letter, outgoing& to) const {
  *to.value = letter.text;
  to.headers = {{"weir.stage", letter.stage},
                {"weir.operator", letter.operator_name},
                {"weir.error", letter.error},
                {"weir.type", letter.type},
                {"weir.failed_at", format_rfc3339(letter.failed_at)},
                {"weir.tries", std::to_string(letter.tries)}};
  const std::size_t slash = letter.source.rfind('/');
  const bool number = slash != std::string::npos && slash + 1 < letter.source.size() &&
                      letter.source.find_first_not_of("0123456789", slash + 1) == std::string::npos;
  if (number) {
    to.headers.push_back({"weir.source.topic", letter.source.substr(0, slash)});
    to.headers.push_back({"weir.source.partition", letter.source.substr(slash + 1)});
  } else if (!letter.source.empty()) {
    to.headers.push_back({"weir.source", letter.source});
  }
  if (letter.offset)
    to.headers.push_back({"weir.source.offset",
                          std::to_string(*letter.offset == begun_at_zero ? 0 : *letter.offset)});
  if (letter.event_time)
    to.headers.push_back({"weir.event_time", format_rfc3339(*letter.event_time)});
}

}  // namespace weir::kafka
