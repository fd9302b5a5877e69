"""The way of a file through the platform, as a table."""

from lianfang.kernel.refusals import Phrase as _
from lianfang.kernel.workflow import Move, State, Workflow

IMPORT = Workflow(
    name="import",
    initial="uploaded",
    states=(
        State("uploaded", _("columns to decide")),
        State("mapped", _("ready to enter")),
        State("running", _("entering")),
        State("stopped", _("stopped")),
        State("finished", _("finished")),
        State("undoing", _("being undone")),
        State("undone", _("undone")),
        State("restoring", _("being restored")),
        State("discarded", _("given up"), final=True),
    ),
    moves=(
        Move("map", _("Decide the columns"), ("uploaded", "mapped"), "mapped", "import.run", "import.mapped"),
        Move("start", _("Enter the rows"), ("mapped", "stopped"), "running", "import.run", "import.started"),
        Move("stop", _("Stop"), ("running",), "stopped", "import.run", "import.stopped"),
        Move("finish", _("Finish"), ("running",), "finished", "import.run", "import.finished"),
        Move("discard", _("Remove the file"), ("uploaded", "mapped"), "discarded", "import.run", "import.discarded"),
        Move("undo", _("Undo the import"), ("finished",), "undoing", "import.run", "import.undo_started"),
        Move("end_undo", _("Finish"), ("undoing",), "undone", "import.run", "import.undone"),
        Move("break_off_undo", _("Stop"), ("undoing",), "finished", "import.run", "import.stopped"),
        Move("restore", _("Restore the import"), ("undone",), "restoring", "import.run", "import.restore_started"),
        Move("end_restore", _("Finish"), ("restoring",), "finished", "import.run", "import.restored"),
        Move("break_off_restore", _("Stop"), ("restoring",), "undone", "import.run", "import.stopped"),
    ),
)

AT_WORK = ("running", "undoing", "restoring")  # a job is at it, or was when its process ended
