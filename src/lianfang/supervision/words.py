from django.utils.translation import gettext_lazy as _

SENTENCES = {
    "audit.no_such_area": _("No area is called “{area}”. Write its code or its whole name."),
    "audit.already_walking": _("The record is being walked already. Wait for its result."),
    "audit.no_such_day": _("“{day}” is not a day. Write it as 2020-01-27."),
}

EVENTS = {
    "audit.listed": _("the record of events read"),
    "audit.case_read": _("the record of one case read"),
    "audit.user_read": _("the record of one account read"),
    "audit.exported": _("the record of events exported"),
}

# What was seen, not done.
COVERING = ("case.listed", "case.exported")
LOOKS = (
    *COVERING, "case.searched", "case.opened", "case.viewed", "person.viewed", "person.listed", "person.offered", "import.previewed",
    "import.refused_read", "order.opened", "order.exported",
    "audit.listed", "audit.case_read", "audit.user_read", "audit.exported",
)  # fmt: skip

GROUPS = {
    "case": _("cases"),
    "person": _("persons"),
    "order": _("work orders"),
    "round": _("rounds"),
    "link": _("transmission links"),
    "import": _("imports"),
    "bulletin": _("bulletins"),
    "account": _("accounts"),
    "audit": _("audit"),
    "areas": _("areas"),
    "definitions": _("definitions"),
}

CHANNELS = {
    "web": _("console"),
    "api": _("API"),
    "import": _("import"),
    "system": _("the platform"),
    "command": _("command line"),
    "demo": _("demonstration"),
}

FINDINGS = {
    "changed": _("changed"),
    "removed": _("removed"),
    "inserted": _("slipped in"),
    "back_dated": _("back-dated"),
    "ahead_of_time": _("dated ahead of its time"),
    "seal_broken": _("seal broken"),
    "seal_removed": _("seal removed"),
    "clock_set_back": _("clock set back"),
}

# The names under which events keep their details.
DETAILS = {
    "classification": _("class"),
    "before": _("class before"),
    "edition": _("edition"),
    "reported_by": _("came by"),
    "what": _("what"),
    "form": _("form"),
    "kind": _("kind of order"),
    "about": _("about"),
    "by": _("looked up by"),
    "found": _("found"),
    "rows": _("rows shown"),
    "names": _("names"),
    "merged": _("merged record"),
    "how": _("how"),
    "shown": _("shown"),
    "verdict": _("likeness"),
    "other": _("other record"),
    "pair": _("pair"),
    "person": _("person record"),
    "import": _("import"),
    "infectee": _("infected case"),
    "from_row": _("from row"),
    "observed_at": _("observed"),
    "events": _("events"),
    "seals": _("seals"),
    "findings": _("findings"),
    "user": _("account"),
    "role": _("role"),
    "area": _("area"),
    "organisation": _("organisation"),
    "token": _("token"),
    "count": _("how many"),
    "day": _("day"),
    "disease": _("disease"),
    "entered": _("rows entered"),
    "refused": _("rows refused"),
    "repeated": _("rows repeated"),
    "passed_over": _("rows passed over"),
    "doubtful": _("rows in doubt"),
    "linked": _("links entered"),
    "possible_duplicates": _("possible duplicates"),
    "ends_on": _("ends on"),
    "until": _("until"),
    "language": _("language"),
    "corrects": _("corrects"),
    "created": _("newly made"),
    "changed": _("changed"),
    "moved": _("moved"),
    "outlines": _("outlines"),
    "known": _("as known"),
    "seal": _("fingerprint of the figures"),
    "reason": _("reason"),
    "to": _("to"),
    "contacts": _("contacts"),
    "size": _("size in bytes"),
    "sha256": _("fingerprint of the file"),
    "saved_as": _("saved as"),
    "row": _("row"),
    "code": _("problem"),
}

# Values that stand in events as codes.
VALUES = {
    "masked": _("masked"),
    "left out": _("left out"),
    "identity": _("name, ID number or telephone"),
    "number": _("case number"),
    "name": _("name"),
    "area": _("area only"),
    "likely": _("likely the same person"),
    "possible": _("possibly the same person"),
    "case_investigation": _("case investigation"),
    "report": _("report card"),
    "lab_result": _("laboratory result"),
    "symptoms": _("symptoms"),
    "exposure": _("exposure"),
    "course": _("clinical course"),
    "outcome": _("outcome"),
    "classification": _("class"),
    "residence": _("residence"),
    "merge": _("merged by hand"),
    "entered": _("chosen at entry"),
    "evening": _("at 24:00 of that day"),
    "later": _("with what became known since"),
}

SUBJECTS = {
    "case": _("case"),
    "person": _("person record"),
    "order": _("work order"),
    "round": _("round"),
    "link": _("transmission link"),
    "import": _("import"),
    "bulletin": _("bulletin"),
    "account": _("account"),
    "verification": _("verification"),
    "areas": _("areas"),
}
