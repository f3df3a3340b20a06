// SPDX-License-Identifier: BSD-3-Clause
#include "queries/joined.hpp"
#include "queries/queries.hpp"
#include "streams.hpp"

#include <optional>

namespace nexmark {

namespace {

constexpr std::int64_t category = 10;

/// A person, and the auctions that came before.
class local_sellers {
public:
  using output = local_auction;
  using context = weir::process_context<std::int64_t, output>;

  auto states() { return std::tie(seller_, waiting_); }

  void on_event(const person& x, context& c) {
    for (const std::int64_t id : waiting_.get()) c.emit({x.name, x.city, x.state, id});
    waiting_.erase();
    seller_.put(x);
  }
  void on_event(const auction& a, context& c) {
    if (const person* x = seller_.get())
      c.emit({x->name, x->city, x->state, a.id});
    else
      waiting_.append(a.id);
  }

private:
  weir::value_state<person> seller_{"seller"};
  weir::list_state<std::int64_t> waiting_{"waiting"};
};

/// An auction, if it is one of those that are asked for, and the bids that came before.
class bids_on_category {
public:
  using output = expanded_bid;
  using context = weir::process_context<std::int64_t, output>;

  auto states() { return std::tie(known_, wanted_, waiting_); }

  void on_event(const auction& a, context& c) {
    known_.put(a.category == category);
    if (a.category == category) {
      for (const bid& b : waiting_.get()) c.emit(expand(b, a));
      wanted_.put(a);
    }
    waiting_.erase();
  }
  void on_event(const bid& b, context& c) {
    const bool* wanted = known_.get();
    if (wanted == nullptr)
      waiting_.append(b);
    else if (*wanted)
      c.emit(expand(b, *wanted_.get()));
  }

private:
  weir::value_state<bool> known_{"known"};
  weir::value_state<auction> wanted_{"auction"};
  weir::list_state<bid> waiting_{"waiting"};
};

/// All that a person did, so that each new part meets all the others.
class sellers_who_bid {
public:
  using output = selling_bidder;
  using context = weir::process_context<std::int64_t, output>;

  auto states() { return std::tie(person_, auctions_, bids_); }

  void on_event(const person& x, context& c) {
    for (const auction& a : auctions_.get())
      for (const bid& b : bids_.get()) c.emit(selling(b, x, a));
    person_.put(x);
  }
  void on_event(const auction& a, context& c) {
    if (const person* x = person_.get())
      for (const bid& b : bids_.get()) c.emit(selling(b, *x, a));
    auctions_.append(a);
  }
  void on_event(const bid& b, context& c) {
    if (const person* x = person_.get())
      for (const auction& a : auctions_.get()) c.emit(selling(b, *x, a));
    bids_.append(b);
  }

private:
  weir::value_state<person> person_{"person"};
  weir::list_state<auction> auctions_{"auctions"};
  weir::list_state<bid> bids_{"bids"};
};

}  // namespace

/// Auctions of a category by sellers of some states.
void q3(weir::pipeline& p, const setting& s, const tally_sink& to) {
  auto all = events(p, s);
  auctions(all, s)
      .filter([](const auction& a) { return a.category == category; })
      .key_by(&auction::seller)
      .connect(persons(all, s).filter(is_local).key_by(&person::id))
      .process(local_sellers{})
      .named("local sellers")
      .to(to);
}

/// Bids with the auction that they are on, if it is of a category.
void q20(weir::pipeline& p, const setting& s, const tally_sink& to) {
  auto all = events(p, s);
  auctions(all, s)
      .key_by(&auction::id)
      .connect(bids(all, s).key_by(&bid::auction))
      .process(bids_on_category{})
      .named("bids on a category")
      .to(to);
}

/// Bids of persons who sell something, too.
void q23(weir::pipeline& p, const setting& s, const tally_sink& to) {
  auto all = events(p, s);
  persons(all, s)
      .key_by(&person::id)
      .connect(auctions(all, s).key_by(&auction::seller), bids(all, s).key_by(&bid::bidder))
      .process(sellers_who_bid{})
      .named("sellers who bid")
      .to(to);
}

}  // namespace nexmark
