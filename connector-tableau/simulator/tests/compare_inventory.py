#!/usr/bin/env python3
"""Holds what a client read from the simulator against the simulator's own truth.

    compare_inventory.py INVENTORY.json SEED

INVENTORY.json is the inventory that a client of Tableau's REST API made: an object with
"site", "users" and "groups" (each group with its members' ids). SEED is a file with the body
of /_sim/seed, or the address to fetch it from. Prints each difference and exits 1 if there
is any. Needs nothing but Python.
"""
import json
import sys
import urllib.request

MOST = 50  # differences printed


def load(source):
    if source.startswith("http://"):
        with urllib.request.urlopen(source) as response:
            return json.load(response)
    with open(source, encoding="utf-8") as file:
        return json.load(file)


def never(time):
    """Both an absent and an empty time mean that the user has never signed in."""
    return time.replace("Z", "+00:00") if time else None


def by_id(kind, rows, differences):
    table = {row["id"]: row for row in rows}
    if len(table) != len(rows):
        differences.append(f"{kind}: {len(rows) - len(table)} rows repeat an id")
    return table


def compare(kind, truth, seen, differences):
    for missing in sorted(truth.keys() - seen.keys()):
        differences.append(f"{kind} {missing}: not seen by the client ({truth[missing]})")
    for extra in sorted(seen.keys() - truth.keys()):
        differences.append(f"{kind} {extra}: seen by the client, not in the seed ({seen[extra]})")
    for key in sorted(truth.keys() & seen.keys()):
        for attribute, right in truth[key].items():
            if seen[key][attribute] != right:
                differences.append(f"{kind} {key} {attribute}: seed {right!r}, client {seen[key][attribute]!r}")


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    inventory, seed = load(sys.argv[1]), load(sys.argv[2])
    differences = []
    site = {key: inventory["site"].get(key) for key in ("id", "name", "content_url")}
    compare("site", {"": {key: seed["site"][key] for key in site}}, {"": site}, differences)
    if inventory["site"].get("user") != seed["site"]["caller"]:
        differences.append("site: the client signed in as another user than the seed says")

    plain = ("name", "full_name", "email", "site_role", "auth_setting")
    user = lambda row: {**{key: row[key] for key in plain}, "last_login": never(row["last_login"])}
    compare(
        "user",
        {key: user(row) for key, row in by_id("seed users", seed["users"], differences).items()},
        {key: user(row) for key, row in by_id("client users", inventory["users"], differences).items()},
        differences,
    )
    plain = ("name", "domain", "minimum_site_role", "license_mode")
    group = lambda row: {**{key: row[key] for key in plain}, "members": sorted(row["members"])}
    compare(
        "group",
        {key: group(row) for key, row in by_id("seed groups", seed["groups"], differences).items()},
        {key: group(row) for key, row in by_id("client groups", inventory["groups"], differences).items()},
        differences,
    )
    for difference in differences[:MOST]:
        print(difference)
    if differences:
        sys.exit(f"{len(differences)} differences")
    members = sum(len(row["members"]) for row in seed["groups"])
    print(f"equal: {len(seed['users'])} users, {len(seed['groups'])} groups, {members} memberships")


if __name__ == "__main__":
    main()
