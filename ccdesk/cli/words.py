"""Errors in the command line's words: commands, options and settings' keys (design §6)."""

from __future__ import annotations

from ccdesk.core.errors import CcdeskError, Remedy, SettingsError, sentence
from ccdesk.core.settings import SECRET_VARIABLE

REMEDIES = {
    Remedy.LOG_IN: "Run “ccdesk login”.",
    Remedy.API_KEY: "Set its key: “ccdesk settings set cc_client_id=…”.",
    Remedy.CONNECT_KIBO: "Set what is missing: “ccdesk settings set kibo_tenant_id=… kibo_app_key=…”.",
    Remedy.KIBO_SECRET: f"Enter it with “ccdesk settings set --kibo-secret”, or in {SECRET_VARIABLE}.",
    Remedy.TENANT_ADDRESS: "Set kibo_tenant_url by hand.",
    Remedy.CHECK_KEYS: "Check the keys, addresses and permissions (“ccdesk settings show”).",
    Remedy.CHOOSE_LIST: "Choose or create one: “ccdesk settings set contact_list=NAME”.",
    Remedy.CHOOSE_SENDER: "Choose a confirmed one: “ccdesk settings set from_email=ADDRESS”.",
    Remedy.CONFIRM_RUN: "To confirm, give the same command with --confirm.",
    Remedy.OFF_LIST: "Give the same command with --leave-out if anybody may have left this list; whoever "
    "opts in again later is added then. With --confirm all of them are added.",
    Remedy.WELCOMES: "Send them with “ccdesk sync events --confirm”. To add these people without a welcome "
    "email, switch the setting off first: “ccdesk settings set welcome_email=false”.",
    Remedy.OTHER_FOLDER: "Choose another folder with --base-dir or CCDESK_BASE_DIR.",
    Remedy.SECRETS_IN_FILE: "Or choose the protected file instead by setting CCDESK_VAULT=file.",
    Remedy.PLACE_FOR_SECRETS: "Set CCDESK_VAULT to “keyring” or “file”, or leave it unset for the keyring.",
    Remedy.WINDOWS_STORE: "Use Windows' own store (leave CCDESK_VAULT unset), or name a folder on an NTFS "
    "drive with --base-dir.",
    Remedy.FIXED_OUTSIDE: "Change or remove that variable.",
    Remedy.STORED_SETTING: "Set what is named here anew, all of it in one command: “ccdesk settings set "
    "KEY=VALUE …”. An empty value stands for the default.",
    Remedy.SEND_LOG: "Send the log (ccdesk.log in the data folder) to support.",
}


def title(error: CcdeskError) -> str:
    """Return what happened; a setting is named by its key, which is what is typed here."""
    setting = error.setting if isinstance(error, SettingsError) else ""
    return f"{error.title} ({setting})" if setting else error.title


def next_step(error: CcdeskError) -> str:
    """Return what to do next."""
    remedy = REMEDIES[error.remedy] if error.remedy else ""
    return " ".join(part for part in (error.next_step, remedy) if part)


def text(error: CcdeskError) -> str:
    """Return title, meaning and next step as one paragraph."""
    parts = (sentence(title(error)), error.meaning, next_step(error))
    return " ".join(part for part in parts if part)
