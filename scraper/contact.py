"""Who runs the crawls of this installation: asked for once, kept in a settings file, sent to every host visited.

The file is `settings.yml` in the user's configuration folder (USCE_SETTINGS names another one). USCE_URL and USCE_CONTACT
in the environment go over it, and `--contact` over both.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import yaml

# A live crawl of more sites than this must say who runs it. A newcomer's first run, a dozen, need not.
HANDFUL = 12


class ContactError(ValueError):
    """No contact where one is needed, or none that a host could use; the message names the remedy."""


def settings_file() -> Path:
    """Where the contact is kept."""
    if named := os.environ.get("USCE_SETTINGS"):
        return Path(named)
    home = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(home) / "usce-atlas" / "settings.yml"


def known_contact() -> str:
    """The contact that the environment or the settings file names; '' where none does."""
    if named := os.environ.get("USCE_CONTACT", "").strip():
        return named
    path = settings_file()
    try:
        settings = yaml.safe_load(path.read_text("utf-8")) or {}
        return str(settings.get("contact") or "")
    except FileNotFoundError:
        return ""
    except (OSError, ValueError, AttributeError, yaml.YAMLError) as error:
        raise ContactError(f"{path}: cannot be read ({error}). Mend or remove it, or give --contact.") from None


def keep_contact(contact: str) -> Path:
    """Write the contact into the settings file, beside whatever else stands there."""
    path = settings_file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        settings = yaml.safe_load(path.read_text("utf-8")) if path.exists() else None
        settings = settings if isinstance(settings, dict) else {}
        path.write_text(yaml.safe_dump({**settings, "contact": contact}, allow_unicode=True), "utf-8")
    except (OSError, yaml.YAMLError) as error:
        raise ContactError(f"{path}: cannot be written ({error}). Set USCE_CONTACT instead.") from None
    return path


def checked(contact: str) -> str:
    """`contact`, if a host could reach somebody by it: an e-mail address, or the address of a page."""
    contact = contact.strip()
    if re.fullmatch(r"[^\s@()<>;]{1,64}@[^\s@()<>;]{1,190}\.[a-z]{2,}", contact, re.I):
        return contact
    if re.fullmatch(r"https?://[^\s()<>;]{4,200}", contact, re.I):
        return contact
    raise ContactError(f"'{contact}' is neither an e-mail address nor a web address by which a host could reach you.")
