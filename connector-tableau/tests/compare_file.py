#!/usr/bin/env python3
"""Compare what Tableau's own client saw on a site with what a sync wrote.

    compare_file.py INVENTORY.json FILE.c1z BATON

INVENTORY.json is read over XML by Tableau's Python client; FILE.c1z was read
over JSON by the connector, and is looked into with the program BATON. Prints
each difference and exits 1 if there is any.
"""
import json, subprocess, sys

inventory_path, file, baton = sys.argv[1:4]
inventory = json.load(open(inventory_path))
problems = []


def look(command, *args):
    out = subprocess.run([baton, command, "-f", file, "-o", "json", *args], check=True, capture_output=True, text=True)
    return json.loads(out.stdout)


def compare(what, theirs, ours):
    if theirs != ours:
        problems.append(f"{what}: {theirs!r} is {ours!r} in the file")


def trait(resource, name):
    return next(a for a in resource["annotations"] if a["@type"].endswith("." + name))


users = {}
for row in look("resources", "-t", "user").get("resources", []):
    profile = trait(row["resource"], "UserTrait")["profile"]
    users[row["resource"]["id"]["resource"]] = (row["resource"].get("displayName"), profile)
compare("users", sorted(u["id"] for u in inventory["users"]), sorted(users))
for user in inventory["users"]:
    name, profile = users.get(user["id"], (None, {}))
    compare(f"display name of {user['id']}", user["full_name"] or user["name"], name)
    for theirs, ours in (("name", "name"), ("email", "email"), ("site_role", "site_role"), ("auth_setting", "auth_setting")):
        compare(f"{theirs} of {user['id']}", user[theirs] or None, profile.get(ours))

groups = {r["resource"]["id"]["resource"]: r["resource"] for r in look("resources", "-t", "group").get("resources", [])}
compare("groups", sorted(g["id"] for g in inventory["groups"]), sorted(groups))
members = {}
for row in look("grants", "-t", "group").get("grants", []):
    members.setdefault(row["resource"]["id"]["resource"], []).append(row["principal"]["id"]["resource"])
for group in inventory["groups"]:
    compare(f"name of {group['id']}", group["name"], groups.get(group["id"], {}).get("displayName"))
    compare(f"members of {group['id']}", group["members"], sorted(members.get(group["id"], [])))

roles = {}
for row in look("grants", "-t", "site").get("grants", []):
    roles.setdefault(row["principal"]["id"]["resource"], []).append(row["entitlement"]["slug"])
for user in inventory["users"]:
    words = "".join(" " + c.lower() if c.isupper() and i else c.lower() for i, c in enumerate(user["site_role"]))
    held = [slug.replace(" ", "") for slug in roles.get(user["id"], [])]
    compare(f"site role of {user['id']}", [words.replace(" ", "")], held)

for problem in problems[:20]:
    print(problem)
print(f"{len(inventory['users'])} users and {len(inventory['groups'])} groups compared, {len(problems)} differences")
sys.exit(1 if problems else 0)
