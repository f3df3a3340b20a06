// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/avro/avro.hpp"
#include "weir/connectors/kafka/decode.hpp"
#include "weir/connectors/kafka/record.hpp"
#include "weir/connectors/kafka/registry_link.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace weir::kafka {

/// How values in Avro are read and written: with the id of their schema before them, as Confluent's
/// clients do, if there is a registry; else bare, by one schema. Made by `avro` and `plain_avro`.
class avro_format {
public:
  explicit avro_format(schema_registry at)
      : link_(std::make_shared<registry_link>(std::move(at))) {}
  explicit avro_format(std::string writer_schema) : writer_(std::move(writer_schema)) {}

  template <class T>
  static constexpr bool reads = avro::avro_type<T>;

  template <avro::avro_type T>
  result<void> read(std::string_view value, T& to) {
    return read_as(value, avro::detail::shape_of<T>, &to, avro::schema_text<T>);
  }
  template <avro::avro_type T>
  void write(const T& from, std::string& to) const {
    if (link_) to += frame_;
    avro::write(from, to);
  }

  /// Before a topic is read: the newest schema of its values can be read as `T`.
  template <avro::avro_type T>
  result<void> check_reading(const std::string& topic) {
    return check_as(topic, avro::detail::shape_of<T>);
  }
  /// Before it is written: the schema of `T` has an id. Throws `weir::exception` if it gets none.
  template <avro::avro_type T>
  void begin_writing(const std::string& topic) {
    begin_as(topic, avro::schema_text<T>());
  }

private:
  result<void> read_as(std::string_view value, const avro::detail::shape& what, void* to,
                       std::string (*own)());
  result<void> check_as(const std::string& topic, const avro::detail::shape& what);
  void begin_as(const std::string& topic, const std::string& schema);
  [[nodiscard]] const result<avro::detail::resolved>* find(std::uint32_t id,
                                                           const avro::detail::shape& what,
                                                           error& why);

  std::shared_ptr<registry_link> link_;
  std::string writer_;
  std::string frame_;  ///< Before each value: 0 and the schema's id.
  /// By schema id; of this copy alone, and used for one type.
  std::map<std::uint32_t, result<avro::detail::resolved>> plans_;
  std::pair<std::uint32_t, const result<avro::detail::resolved>*> last_{0, nullptr};

public:
  /// Copies share the registry's connection, and work their plans out anew.
  avro_format(const avro_format& other)
      : link_(other.link_), writer_(other.writer_), frame_(other.frame_) {}
  avro_format& operator=(const avro_format& other) {
    if (this != &other) *this = avro_format{other};
    return *this;
  }
  avro_format(avro_format&&) = default;  // nodes of a map stay where they are
  avro_format& operator=(avro_format&&) = default;
  ~avro_format() = default;
};

namespace detail {

/// What of an event is the record's value.
template <class T>
struct value_in {
  using type = T;
};
template <class T>
struct value_in<std::optional<T>> : value_in<T> {};
template <class T>
struct value_in<message<T>> : value_in<T> {};

template <class T>
concept avro_event = avro::avro_type<typename value_in<T>::type>;

}  // namespace detail

/// Reads and writes records whose values are Avro; the key stays text, as `key` of a sink says.
class avro_values {
public:
  explicit avro_values(avro_format format) : values_(std::move(format)) {}

  /// Reads: what `topic` takes.
  template <detail::avro_event T>
  result<void> operator()(const record_view& from, T& to) {
    return values_(from, to);
  }
  template <detail::avro_event T>
  result<void> check(const std::string& topic) {
    return values_.body().template check_reading<typename detail::value_in<T>::type>(topic);
  }

  /// Writes: what `to_topic` takes.
  template <class T>
  void operator()(const T& event, outgoing& to) const {
    static_assert(detail::avro_event<T>,
                  "weir: a Kafka sink with Avro wants events with an Avro form: see "
                  "weir::avro::avro_type");
    if constexpr (detail::is_message<T>) {
      to.key = event.key;
      to.headers = event.headers;
      (*this)(event.value, to);
    } else if constexpr (detail::is_optional<T>) {
      event ? (*this)(*event, to) : to.value.reset();
    } else {
      values_.body().write(event, *to.value);
    }
  }
  template <detail::avro_event T>
  void begin(const std::string& topic) {
    values_.body().template begin_writing<typename detail::value_in<T>::type>(topic);
  }

private:
  record_values<avro_format> values_;
};

/// Values in Avro, in Confluent's wire format (a zero byte, the schema's id, the value), with a
/// registry that has the schemas. A source reads what any schema wrote that Avro can resolve to its
/// type (`avro::reader`); a sink writes by the schema of its type (`avro::schema_text`), which it
/// registers. A record whose schema is not known or doesn't fit is rejected with the reason.
///
///     const weir::kafka::schema_registry registry{.url = "https://registry:8081"};
///     p.from(weir::kafka::topic<order>(at, "orders", weir::kafka::avro(registry)))
///     .to(weir::kafka::to_topic(at, "totals", weir::kafka::avro(registry)));
[[nodiscard]] inline avro_values avro(schema_registry at) {
  return avro_values{avro_format{std::move(at)}};
}

/// Values in Avro with nothing before them, all written by one schema: that of the type unless
/// another is given, as JSON.
[[nodiscard]] inline avro_values plain_avro(std::string writer_schema = {}) {
  return avro_values{avro_format{std::move(writer_schema)}};
}

}  // namespace weir::kafka
