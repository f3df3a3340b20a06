// SPDX-License-Identifier: BSD-3-Clause
#include "weir/connectors/kafka/avro_values.hpp"

namespace weir::kafka {

namespace {

constexpr std::size_t frame_size = 5;

std::string name_of(const avro::detail::shape& what) {
  if (!what.name.empty()) return "'" + std::string{what.name} + "'";
  std::string text;
  what.expected(text);
  return text;
}

/// The id of the schema in the wire format's head.
result<std::uint32_t> id_in(std::string_view value) {
  const std::string form = "it is not in Confluent's wire format: ";
  if (value.size() < frame_size)
    return error{errc::decode_failed, form + "it has " + std::to_string(value.size()) + " bytes"};
  if (value[0] != 0)
    return error{errc::decode_failed, form + "its first byte is " +
                                          std::to_string(static_cast<unsigned char>(value[0])) +
                                          ", not 0"};
  std::uint32_t id = 0;
  for (std::size_t i = 1; i < frame_size; ++i) id = id << 8U | static_cast<unsigned char>(value[i]);
  return id;
}

}  // namespace

const result<avro::detail::resolved>* avro_format::find(std::uint32_t id,
                                                        const avro::detail::shape& what,
                                                        error& why) {
  if (last_.second != nullptr && last_.first == id) return last_.second;
  auto known = plans_.find(id);
  if (known == plans_.end()) {
    const auto schema = link_->schema_of(id);
    if (!schema) {
      why = schema.error();
      return nullptr;
    }
    auto plan = avro::detail::resolved::make(*schema, what);
    if (!plan)
      plan = error{errc::incompatible, "schema " + std::to_string(id) + " can't be read as " +
                                           name_of(what) + ": " + plan.error().message};
    known = plans_.emplace(id, std::move(plan)).first;
  }
  last_ = {id, &known->second};
  return last_.second;
}

result<void> avro_format::read_as(std::string_view value, const avro::detail::shape& what, void* to,
                                  std::string (*own)()) {
  if (link_) {
    const auto id = id_in(value);
    if (!id) return id.error();
    error why;
    const auto* plan = find(*id, what, why);
    if (plan == nullptr) return why;
    return *plan ? (**plan).read(value.substr(frame_size), to) : result<void>{plan->error()};
  }
  if (last_.second == nullptr) {
    const auto schema = avro::schema::parse(writer_.empty() ? own() : writer_);
    auto plan = schema ? avro::detail::resolved::make(*schema, what)
                       : result<avro::detail::resolved>{schema.error()};
    last_.second = &plans_.emplace(0, std::move(plan)).first->second;
  }
  return *last_.second ? (**last_.second).read(value, to) : result<void>{last_.second->error()};
}

result<void> avro_format::check_as(const std::string& topic, const avro::detail::shape& what) {
  if (!link_) {
    if (writer_.empty()) return {};
    const auto schema = avro::schema::parse(writer_);
    if (!schema) return schema.error();
    const auto plan = avro::detail::resolved::make(*schema, what);
    return plan ? result<void>{}
                : error{errc::incompatible, "kafka: the schema given for the topic '" + topic +
                                                "' can't be read as " + name_of(what) + ": " +
                                                plan.error().message};
  }
  if (!link_->at().check_at_start) return {};
  const auto newest = link_->latest_of(topic);
  if (!newest) {
    if (newest.error().code == errc::not_found) return {};
    return newest.error();
  }
  const auto plan = avro::detail::resolved::make(newest->schema, what);
  if (plan) return {};
  return error{errc::incompatible, "kafka: the topic '" + topic + "' has values of the schema " +
                                       newest->name + ", which can't be read as " + name_of(what) +
                                       ": " + plan.error().message};
}

void avro_format::begin_as(const std::string& topic, const std::string& schema) {
  if (auto parsed = avro::schema::parse(schema); !parsed)
    throw exception(
        {errc::invalid_argument, "kafka: the type for the topic '" + topic +
                                     "' has no Avro schema: " + parsed.error().message});
  if (!link_) return;
  const std::uint32_t id = link_->id_of(topic, schema).value();
  frame_.assign(1, '\0');
  for (int shift = 24; shift >= 0; shift -= 8)
    frame_ += static_cast<char>(id >> static_cast<unsigned>(shift));
}

}  // namespace weir::kafka
