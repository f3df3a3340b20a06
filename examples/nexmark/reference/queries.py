# SPDX-License-Identifier: BSD-3-Clause
"""The queries by other means: SQL in SQLite over tables of the events, and plain Python where SQL can't say it.

`evaluate(name, database)` answers the rows as tuples in the order of their columns. Times are milliseconds since 1970
in the tables, and text like that of the program's rows in the answers.
"""
import json
import sqlite3
from collections import Counter, defaultdict
from datetime import datetime, timedelta, timezone

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
SIDE_ROWS = 10_000
DAY = 86_400_000


def milliseconds(text):
    """What `2015-07-15T00:00:00.123Z` says."""
    return (datetime.fromisoformat(text.replace("Z", "+00:00")) - EPOCH) // timedelta(milliseconds=1)


def text_of(ms):
    """As the program writes times: without a fraction, or with three digits."""
    whole = (EPOCH + timedelta(milliseconds=ms)).strftime("%Y-%m-%dT%H:%M:%S")
    return whole + (f".{ms % 1000:03d}Z" if ms % 1000 else "Z")


TABLES = {
    "person": "id INTEGER, name, email, card, city, state, at INTEGER, extra",
    "auction": "id INTEGER, item, description, initial INTEGER, reserve INTEGER, at INTEGER, expires INTEGER, "
               "seller INTEGER, category INTEGER, extra",
    "bid": "auction INTEGER, bidder INTEGER, price INTEGER, channel, url, at INTEGER, extra",
}


def load(path):
    """Puts event rows, a line of JSON each, into a database in memory."""
    rows = {name: [] for name in TABLES}
    with open(path) as file:
        for line in file:
            row = json.loads(line)
            kind = ("person", "auction", "bid")[row["event_type"]]
            values = row[kind]
            for time in "dateTime", "expires":
                if time in values:
                    values[time] = milliseconds(values[time])
            rows[kind].append(tuple(values.values()))
    database = sqlite3.connect(":memory:")
    for name, columns in TABLES.items():
        database.execute(f"CREATE TABLE {name} ({columns})")
        marks = ", ".join("?" * len(columns.split(",")))
        database.executemany(f"INSERT INTO {name} VALUES ({marks})", rows[name])
    database.execute("CREATE INDEX of_auction ON bid (auction)")
    database.execute("CREATE INDEX of_bidder ON bid (bidder)")
    database.execute("CREATE INDEX of_id ON auction (id)")
    database.execute("CREATE INDEX of_seller ON auction (seller)")
    database.create_function("text_of", 1, text_of, deterministic=True)
    database.create_function("lower_ascii", 1, str.lower, deterministic=True)
    database.create_function("channel_of", 1, channel_of, deterministic=True)
    database.create_function("directory", 2, lambda url, n: (url.split("/") + [""] * 6)[n], deterministic=True)
    database.create_function("count_c", 1, lambda text: text.count("c"), deterministic=True)
    # The winning bid: the highest price, then the earliest time; then the bidder and the texts decide.
    database.execute("""CREATE TABLE won AS SELECT * FROM (
        SELECT A.*, B.auction, B.bidder, B.price, B.at AS bid_at, B.extra AS bid_extra,
               ROW_NUMBER() OVER (PARTITION BY A.id
                                  ORDER BY B.price DESC, B.at, B.bidder, B.channel, B.url, B.extra) AS place
        FROM auction A JOIN bid B ON A.id = B.auction WHERE B.at BETWEEN A.at AND A.expires) WHERE place = 1""")
    return database


def channel_of(url):
    """REGEXP_EXTRACT(url, '(&|^)channel_id=([^&]*)', 2)"""
    import re
    found = re.search("(&|^)channel_id=([^&]*)", url)
    return found and found.group(2)


RANKS = ("price < 10000", "price >= 10000 AND price < 1000000", "price >= 1000000")


def totals():
    """The twelve counts of q15 and q16."""
    counts = ["count(*)"] + [f"count(*) FILTER (WHERE {r})" for r in RANKS]
    for column in "bidder", "auction":
        counts += [f"count(DISTINCT {column})"] + [f"count(DISTINCT {column}) FILTER (WHERE {r})" for r in RANKS]
    return ", ".join(counts)


SQL = {
    "q0": "SELECT text_of(at), auction, bidder, price, channel, url, extra FROM bid",
    "q1": "SELECT auction, bidder, 0.908 * price, text_of(at), extra FROM bid",
    "q2": "SELECT auction, price FROM bid WHERE auction % 123 = 0",
    "q3": """SELECT P.name, P.city, P.state, A.id FROM auction A JOIN person P ON A.seller = P.id
             WHERE A.category = 10 AND P.state IN ('OR', 'ID', 'CA')""",
    "q4": "SELECT category, sum(price) / count(*) FROM won GROUP BY category",
    # A seller's auctions count in the order in which they ended, not in that of the winning bids as in the suite.
    "q6": """SELECT seller, sum(price) OVER last / count(*) OVER last FROM won
             WINDOW last AS (PARTITION BY seller ORDER BY expires, id ROWS BETWEEN 10 PRECEDING AND CURRENT ROW)""",
    "q5": """WITH counts AS (SELECT auction, at / 2000 + n.i AS hop, count(*) AS num
                             FROM bid, (SELECT 0 AS i UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4) n
                             GROUP BY auction, hop)
             SELECT auction, num FROM counts C
             WHERE num = (SELECT most FROM (SELECT hop, max(num) AS most FROM counts GROUP BY hop) M WHERE M.hop = C.hop)""",
    # A bid at the very end of a window belongs to the next one only.
    "q7": """SELECT auction, price, bidder, text_of(B.at), extra FROM bid B
             JOIN (SELECT at / 10000 AS window, max(price) AS most FROM bid GROUP BY window) M
             ON B.at / 10000 = M.window AND B.price = M.most""",
    "q8": """SELECT DISTINCT P.id, P.name, text_of(P.at / 10000 * 10000) FROM person P JOIN auction A
             ON P.id = A.seller AND P.at / 10000 = A.at / 10000""",
    "q9": """SELECT id, item, description, initial, reserve, text_of(at), text_of(expires), seller, category, extra,
                    auction, bidder, price, text_of(bid_at), bid_extra FROM won""",
    "q10": """SELECT auction, bidder, price, text_of(at), extra, CAST(strftime('%Y%m%d', at / 1000, 'unixepoch') AS INTEGER),
                     CAST(strftime('%H%M', at / 1000, 'unixepoch') AS INTEGER) FROM bid""",
    # A pause of exactly ten seconds ends no session.
    "q11": """WITH marked AS (SELECT bidder, at, at - lag(at, 1, -100000) OVER w > 10000 AS first FROM bid
                              WINDOW w AS (PARTITION BY bidder ORDER BY at)),
                   numbered AS (SELECT bidder, at, sum(first) OVER (PARTITION BY bidder ORDER BY at
                                                                    ROWS UNBOUNDED PRECEDING) AS number FROM marked)
              SELECT bidder, count(*), text_of(min(at)), text_of(max(at) + 10000) FROM numbered GROUP BY bidder, number""",
    # How bids fall into windows of the clock is up to the run: what a bidder has in all is not.
    "q12": "SELECT bidder, count(*) FROM bid GROUP BY bidder",
    "q13": f"SELECT auction, bidder, price, text_of(at), CAST(auction % {SIDE_ROWS} AS TEXT) FROM bid",
    "q14": """SELECT auction, bidder, 0.908 * price,
                     CASE WHEN hour >= 8 AND hour <= 18 THEN 'dayTime' WHEN hour <= 6 OR hour >= 20 THEN 'nightTime'
                          ELSE 'otherTime' END, text_of(at), extra, count_c(extra)
              FROM (SELECT *, at / 3600000 % 24 AS hour FROM bid) WHERE 0.908 * price > 1000000 AND 0.908 * price < 50000000""",
    "q15": f"SELECT {totals()}, text_of(at / {DAY} * {DAY}) FROM bid GROUP BY at / {DAY}",
    "q16": f"""SELECT {totals()}, channel, text_of(at / {DAY} * {DAY}), max(at % {DAY} / 60000)
               FROM bid GROUP BY channel, at / {DAY}""",
    "q17": f"""SELECT auction, text_of(at / {DAY} * {DAY}), count(*), count(*) FILTER (WHERE {RANKS[0]}),
                      count(*) FILTER (WHERE {RANKS[1]}), count(*) FILTER (WHERE {RANKS[2]}),
                      min(price), max(price), sum(price) / count(*), sum(price) FROM bid GROUP BY auction, at / {DAY}""",
    # Of the bids of a millisecond the last is the one with the highest price, and so on.
    "q18": """SELECT text_of(at), auction, bidder, price, channel, url, extra FROM (
                SELECT *, ROW_NUMBER() OVER (PARTITION BY bidder, auction
                                             ORDER BY at DESC, price DESC, channel, url, extra) AS place FROM bid)
              WHERE place = 1""",
    "q19": """SELECT auction, bidder, price, channel, url, text_of(at), extra, place FROM (
                SELECT *, ROW_NUMBER() OVER (PARTITION BY auction
                                             ORDER BY price DESC, at, bidder, channel, url, extra) AS place FROM bid)
              WHERE place <= 10""",
    "q20": """SELECT auction, bidder, price, channel, url, text_of(B.at), B.extra, item, description, initial, reserve,
                     text_of(A.at), text_of(expires), seller, category, A.extra
              FROM bid B JOIN auction A ON B.auction = A.id WHERE category = 10""",
    "q21": """SELECT auction, bidder, price, channel, id FROM (
                SELECT *, CASE lower_ascii(channel) WHEN 'apple' THEN '0' WHEN 'google' THEN '1' WHEN 'facebook' THEN '2'
                          WHEN 'baidu' THEN '3' ELSE channel_of(url) END AS id FROM bid) WHERE id IS NOT NULL""",
    "q22": "SELECT auction, bidder, price, channel, directory(url, 3), directory(url, 4), directory(url, 5) FROM bid",
    "q23": """SELECT bidder, price, channel, url, B.extra, P.id, name, email, card, city, state, P.extra, item, description,
                     initial, reserve, text_of(A.at), text_of(expires), seller, category, A.extra
              FROM bid B JOIN person P ON P.id = B.bidder JOIN auction A ON A.seller = B.bidder""",
}


def bids_by_key(database):
    """(time, price) of the bids of each auction and bidder, by time and then by price."""
    keys = defaultdict(list)
    for auction, bidder, at, price in database.execute("SELECT auction, bidder, at, price FROM bid ORDER BY at, price"):
        keys[auction, bidder].append((at, price))
    return keys


def matched(database, match, after):
    """For each key tries every bid in turn as the beginning; `match(bids, i)` answers the number of the last bid and
    what to report, or None; `after(i, end)` says with which bid to go on."""
    rows = []
    for (auction, bidder), bids in bids_by_key(database).items():
        i = 0
        while i < len(bids):
            found = match(bids, i)
            if found:
                rows.append((auction, bidder) + found[1])
            i = after(i, found[0]) if found else i + 1
    return rows


def price_turn(bids, i):
    """START DOWN+ UP, DOWN as often as possible; UP is above the last but one of DOWN."""
    down = []
    while i + 1 + len(down) < len(bids) and bids[i + 1 + len(down)][1] < bids[i + len(down)][1]:
        down.append(bids[i + 1 + len(down)])
    for n in range(len(down), 1, -1):
        up = i + 1 + n
        if up < len(bids) and bids[up][1] > down[n - 2][1]:
            return up, (text_of(bids[i][0]), text_of(down[n - 1][0]), text_of(bids[up][0]))
    return None


def low_average(bids, i):
    """LOW+ END: LOW takes all that it can, END any bid behind it."""
    low = []
    j = i
    while j < len(bids) and (sum(p for _, p in low) + bids[j][1]) / (len(low) + 1) < 10_000:
        low.append(bids[j])
        j += 1
    if not low or j == len(bids):
        return None
    return j, (text_of(low[0][0]), text_of(low[-1][0]), sum(p for _, p in low) // len(low))


def price_drop(bids, i):
    """HIGH BETWEEN* LOW within five seconds."""
    at, price = bids[i]
    for j in range(i + 1, len(bids)):
        if bids[j][0] - at >= 5000:
            return None
        if bids[j][1] < price - 50:
            return j, (text_of(bids[j][0]), price - bids[j][1])
        if not bids[j][1] > price - 50:
            return None
    return None


PATTERNS = {
    "cep-q0": (price_turn, lambda i, end: end),
    "cep-q1": (low_average, lambda i, end: end + 1),
    "cep-q2": (low_average, lambda i, end: i + 1),
    "cep-q3": (price_drop, lambda i, end: end + 1),
}


def evaluate(name, database):
    if name in PATTERNS:
        return matched(database, *PATTERNS[name])
    return [tuple(row) for row in database.execute(SQL[name])]


def comparable(name, rows):
    """The rows as something that is equal if the answers are."""
    if name != "q12":
        return Counter(rows)
    sums = Counter()
    for bidder, n in rows:
        sums[bidder] += n
    return sums


NAMES = [f"q{i}" for i in range(24)] + list(PATTERNS)
