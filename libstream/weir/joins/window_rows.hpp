// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/binary.hpp"
#include "weir/joins/shared_rows.hpp"
#include "weir/windows/window.hpp"

#include <boost/container/small_vector.hpp>

#include <algorithm>
#include <cstdint>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace weir::operators {

/// What the open windows of a join hold: each event once, and for each window a list of those of
/// either side.
template <class A, class B>
class window_rows {
public:
  using list = row_lists::list;

  struct open_window {
    window at;
    timestamp noted{};  ///< When it is looked at next; no later than its end.
    list sides[2];
  };
  /// A key's open windows, by start and end. Most have one.
  using windows = boost::container::small_vector<open_window, 1>;

  /// Keeps an event that is in no window yet; returns its number.
  template <std::size_t Side, class E>
  std::uint32_t add(E&& event) {
    return std::get<Side>(rows_).add(std::forward<E>(event));
  }
  template <std::size_t Side>
  void put(std::uint32_t row, open_window& in) {
    std::get<Side>(rows_).hold(row);
    lists_.append(in.sides[Side], row);
  }
  /// Moves all events of `from` behind those of `to`.
  void join(open_window& to, open_window& from) {
    lists_.join(to.sides[0], from.sides[0]);
    lists_.join(to.sides[1], from.sides[1]);
  }
  /// Empties a window's lists; what no other window holds is gone.
  void release(list (&sides)[2]) {
    lists_.each(sides[0], [&](std::uint32_t row) { std::get<0>(rows_).release(row); });
    lists_.each(sides[1], [&](std::uint32_t row) { std::get<1>(rows_).release(row); });
    lists_.clear(sides[0]);
    lists_.clear(sides[1]);
  }

  // A place in a list is that of an event; `no_row` is behind the last.

  template <std::size_t Side>
  [[nodiscard]] const auto& at(std::uint32_t place) const {
    return std::get<Side>(rows_)[lists_.row_at(place)];
  }
  [[nodiscard]] std::uint32_t after(std::uint32_t place) const { return lists_.after(place); }
  /// Calls for the ends of the last window's lists ahead of their use; changes nothing.
  void fetch(const windows& of) const {
    if (of.empty()) return;
    lists_.fetch(of.back().sides[0]);
    lists_.fetch(of.back().sides[1]);
  }
  [[nodiscard]] std::size_t size() const noexcept {
    return std::get<0>(rows_).size() + std::get<1>(rows_).size();
  }

  /// What is saved of a key: its events, then its windows with the events' numbers.
  using saved_window = std::tuple<window, std::vector<std::uint32_t>, std::vector<std::uint32_t>>;
  using saved = std::tuple<std::vector<A>, std::vector<B>, std::vector<saved_window>>;

  void save(const windows& of, bytes& to) const {
    std::vector<std::uint32_t> numbers[2];
    save_rows<0>(of, numbers[0], to);
    save_rows<1>(of, numbers[1], to);
    encode(static_cast<std::uint32_t>(of.size()), to);
    for (const open_window& w : of) {
      encode(w.at, to);
      for (int side : {0, 1}) {
        std::vector<std::uint32_t> members;
        lists_.each(w.sides[side], [&](std::uint32_t row) {
          const auto at = std::lower_bound(numbers[side].begin(), numbers[side].end(), row);
          members.push_back(static_cast<std::uint32_t>(at - numbers[side].begin()));
        });
        encode(members, to);
      }
    }
  }
  /// Reads what `save` wrote, and adds the windows to `to`; false if it is not that.
  bool load(windows& to, byte_reader& in) {
    std::vector<std::uint32_t> numbers[2];
    std::uint32_t n = 0;
    if (!load_rows<0>(numbers[0], in) || !load_rows<1>(numbers[1], in) || !decode(in, n))
      return false;
    for (; n != 0; --n) {
      open_window w;
      if (!decode(in, w.at)) return false;
      w.noted = w.at.last();
      if (!load_members<0>(w, numbers[0], in) || !load_members<1>(w, numbers[1], in)) return false;
      to.push_back(w);
    }
    return true;
  }

private:
  template <std::size_t Side>
  void save_rows(const windows& of, std::vector<std::uint32_t>& numbers, bytes& to) const {
    for (const open_window& w : of)
      lists_.each(w.sides[Side], [&](std::uint32_t row) { numbers.push_back(row); });
    std::sort(numbers.begin(), numbers.end());
    numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
    encode(static_cast<std::uint32_t>(numbers.size()), to);
    for (const std::uint32_t row : numbers) encode(std::get<Side>(rows_)[row], to);
  }
  template <std::size_t Side>
  bool load_rows(std::vector<std::uint32_t>& numbers, byte_reader& in) {
    std::uint32_t n = 0;
    if (!decode(in, n)) return false;
    for (; n != 0; --n) {
      std::conditional_t<Side == 0, A, B> value{};
      if (!decode(in, value)) return false;
      numbers.push_back(add<Side>(std::move(value)));
    }
    return true;
  }
  template <std::size_t Side>
  bool load_members(open_window& w, const std::vector<std::uint32_t>& numbers, byte_reader& in) {
    std::vector<std::uint32_t> members;
    if (!decode(in, members)) return false;
    for (const std::uint32_t m : members) {
      if (m >= numbers.size()) return false;
      put<Side>(numbers[m], w);
    }
    return true;
  }

  std::tuple<shared_rows<A>, shared_rows<B>> rows_;
  row_lists lists_;
};

}  // namespace weir::operators
