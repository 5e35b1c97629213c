#!/usr/bin/env python3
"""Prints a bill of materials (CycloneDX 1.5, JSON) of everything that Cargo.lock names.

    python3 deploy/sbom.py > greenroom.cdx.json

Licences come from `cargo metadata`, if cargo has the sources at hand; nothing is fetched. Only Python's own library is used.
The same Cargo.lock gives the same text, except for licences.
"""

import json
import pathlib
import re
import subprocess
import sys
import tomllib
import urllib.parse
import uuid

ROOT = pathlib.Path(__file__).resolve().parent.parent
REGISTRY = "registry+"


def licences():
    """The licence of each package by name and version, where cargo knows it."""
    command = ["cargo", "metadata", "--format-version", "1", "--locked", "--offline"]
    try:
        output = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        print("sbom: cargo metadata is not to be had; licences are left out", file=sys.stderr)
        return {}
    packages = json.loads(output)["packages"]
    return {(package["name"], package["version"]): package["license"] for package in packages if package["license"]}


def purl(package):
    """The package as package URLs write it."""
    url = f"pkg:cargo/{package['name']}@{urllib.parse.quote(package['version'], safe='.-')}"
    source = package.get("source", REGISTRY)
    # From a repository rather than a registry, the version alone does not tell what it is.
    return url if source.startswith(REGISTRY) else f"{url}?vcs_url={urllib.parse.quote(source, safe='')}"


def component(package, known):
    """One package as CycloneDX describes it."""
    found = {
        "type": "library",
        "bom-ref": purl(package),
        "name": package["name"],
        "version": package["version"],
        "purl": purl(package),
    }
    if "checksum" in package:
        found["hashes"] = [{"alg": "SHA-256", "content": package["checksum"]}]
    licence = known.get((package["name"], package["version"]))
    if licence:
        # Older crates write a stroke for "or".
        found["licenses"] = [{"expression": re.sub(r"\s*/\s*", " OR ", licence)}]
    return found


def main():
    text = (ROOT / "Cargo.lock").read_text(encoding="utf-8")
    packages = tomllib.loads(text)["package"]
    known = licences()
    manifest = tomllib.loads((ROOT / "Cargo.toml").read_text(encoding="utf-8"))
    for package in packages:
        if "source" not in package:
            known.setdefault((package["name"], package["version"]), manifest["workspace"]["package"]["license"])

    by_name = {}
    for package in packages:
        by_name.setdefault(package["name"], []).append(package)

    def named(dependency):
        """The package that a line such as `name`, `name version` or `name version (source)` means."""
        words = dependency.split(" ")
        choice = by_name[words[0]]
        if len(words) > 1:
            choice = [package for package in choice if package["version"] == words[1]]
        return purl(choice[0])

    own = next(package for package in packages if package["name"] == manifest["package"]["name"])
    bill = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, text)}",
        "version": 1,
        "metadata": {"component": {**component(own, known), "type": "application"}},
        "components": [component(package, known) for package in packages if package is not own],
        "dependencies": [
            {"ref": purl(package), "dependsOn": sorted({named(line) for line in package.get("dependencies", [])})}
            for package in packages
        ],
    }
    json.dump(bill, sys.stdout, indent=1, ensure_ascii=False)
    print()


if __name__ == "__main__":
    main()
