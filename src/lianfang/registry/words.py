from django.utils.translation import gettext_lazy as _

SENTENCES = {
    "person.nothing_to_correct": _("Nothing differs from what is on record."),
    "household.already_together": _("The two are in one household already."),
    "household.with_oneself": _("Both numbers are of the same person. Choose somebody else."),
    "household.none": _("Nobody else is known in this household."),
    "person.merge_with_itself": _("A record cannot be merged with itself. Choose two records."),
    "person.already_merged": _("The two records are one person already."),
    "person.told_apart_before": _(
        "Somebody found that records of these two are different people. Take that decision back first, if it was wrong."
    ),
    "person.nothing_to_undo": _("Nothing was decided here that could be undone."),
    "person.not_yours_to_choose": _(
        "The person chosen lies outside your areas. Enter a new person; the pair goes to who may decide it."
    ),
    "person.no_such_decision": _("Choose whether the two are the same person or different people."),
    "person.already_decided": _("This pair was already decided."),
    "place.area_outside": _("{area} lies outside the areas where you keep organisations and sites."),
    "place.name_taken": _("“{name}” stands in {area} already. Open that one, or write the name that tells them apart."),
    "place.half_a_position": _("Write both longitude and latitude, or neither."),
    "place.closed_before_opened": _("The day of closing lies before the day of opening. Correct one of them."),
    "place.headers_wrong": _(
        "The first line must be headers, each once. Missing or doubled: {columns}. Known are: {known}."
    ),
    "place.too_many_rows": _("A list may have {most} rows. Split it."),
    "place.not_a_table": _("Line {line}: this is not a table ({problem}). Copy it again from the spreadsheet."),
    "place.too_long": _("Longer than {longest} signs. Shorten it."),
    "place.name_missing": _("The name is empty. Write it."),
    "place.kind_missing": _("The kind is empty. Write one of: {known}."),
    "place.kind_unknown": _("“{value}” is no kind. Write one of: {known}."),
    "place.area_ambiguous": _("“{value}” can be several places: {names}. Write the city too, or the code."),
    "place.area_unknown": _("No area “{value}” is known. Write city and county, or the code."),
    "place.organisation_unclear": _(
        "No organisation, or more than one, is called “{value}”. Enter it first, or leave the cell empty."
    ),
    "place.receives_no_patients": _("Only a hospital or a clinic can be designated to receive patients."),
    "place.designation_reversed": _("The designation ends before it begins. Correct one of the days."),
    "place.disease_unknown": _("“{value}” is no disease that is known here. Write one of: {known}."),
    "place.position_wrong": _("“{value}” is no degree between -{most} and {most}. Write it like 120.65."),
    "place.day_wrong": _("“{value}” is no day. Write it as 2020-02-01."),
    "areas.not_built": _(
        "The areas of China are not there. They are made by the build: run “uv sync --reinstall-package lianfang”."
    ),
    "areas.not_utf8": _("{file}, line {line}: this is not UTF-8. Save the file as UTF-8."),
    "areas.not_csv": _("{file}, line {line}: this is not CSV ({problem}). Save the file as comma-separated values."),
    "areas.not_json": _("{file}: this is not JSON ({problem}). Export the outlines as GeoJSON."),
    "areas.not_geojson": _("{file}: this is not a FeatureCollection. Export the outlines as GeoJSON."),
    "areas.empty": _("{file} has no areas. Write one area a line below the headers."),
    "areas.column_missing": _("{file}, line 1: the columns {columns} are missing. Add them."),
    "areas.column_unknown": _(
        "{file}, line 1: the columns {columns} are not known. Leave them out; known are {known}."
    ),
    "areas.row_width": _(
        "Line {line}: it has more or fewer cells than there are headers. Quote names that hold a comma."
    ),
    "areas.code_wrong": _(
        "Line {line}, column {column}: “{value}” is no code. Write letters, figures, dots and dashes, at most 20."
    ),
    "areas.name_missing": _("Line {line}, column name: it is empty. Write the area’s name."),
    "areas.too_long": _("Line {line}, column {column}: it is longer than {longest} signs. Shorten it."),
    "areas.level_wrong": _("Line {line}, column level: “{value}” is no level. Write one of {levels}."),
    "areas.day_wrong": _("Line {line}, column {column}: “{value}” is no day. Write it as 2021-04-09."),
    "areas.number_wrong": _("Line {line}, column {column}: “{value}” is no number. Write figures only."),
    "areas.ends_before_it_starts": _(
        "Line {line}, column valid_until: {end} is not after valid_from {start}. Correct one of them."
    ),
    "areas.twice": _(
        "Line {line}, column code: {code} stands with the same valid_from in line {first}. Leave one of them out."
    ),
    "areas.overlap": _(
        "Line {line}, column valid_from: {code} is also “{name}” on some of these days. End one on the day the other begins."
    ),
    "areas.no_parent": _("Line {line}, column parent_code: a {level} needs a parent. Only a country has none."),
    "areas.parent_unknown": _(
        "Line {line}, column parent_code: there is no area {parent}. Add it, or correct the code."
    ),
    "areas.parent_not_valid": _(
        "Line {line}, column parent_code: {parent} does not stand on all days on which {code} does. Correct the days of one."
    ),
    "areas.parent_not_above": _(
        "Line {line}, column level: a {level} cannot stand in {parent}, which is a {parent_level}. Correct one of the levels."
    ),
    "areas.path_too_long": _(
        "Line {line}, column code: the codes from the country down to {code} are longer than 120 signs. Use shorter codes."
    ),
    "areas.move_shared": _(
        "Line {line}, column parent_code: {code} stood in its place before on other days too, so its records cannot be moved as one. Give the new place a row of its own with valid_from, and end the old row on that day."
    ),
    "areas.shape_without_code": _("Outline {feature}: it has no property “code”. Add the area’s code."),
    "areas.shape_wrong": _(
        "Outline {feature} ({code}): it is no Polygon or MultiPolygon with closed rings in degrees of longitude and latitude. Export it in WGS 84."
    ),
    "areas.shape_day_wrong": _("Outline {feature}: valid_from “{value}” is no day. Write it as 2021-04-09."),
    "areas.shape_of_nothing": _(
        "Outline {feature}: there is no area {code} of this valid_from. Correct the code, or add the area."
    ),
    "areas.more_problems": _("And {count} more. Correct these and load again."),
}

EVENTS = {
    "person.corrected": _("identity corrected"),
    "person.moved_in": _("somebody was entered into a household"),
    "person.moved_out": _("somebody was taken out of a household"),
    "person.merged": _("two records were merged as one person"),
    "person.unmerged": _("a merge of two records was undone"),
    "person.told_apart": _("two records were found to be different people"),
    "person.reconsidered": _("the finding that two records are different people was taken back"),
    "person.offered": _("a person already known was offered to whoever entered a case"),
    "person.listed": _("pairs of records that may be one person were listed, names masked"),
    "person.viewed": _("a person's record was opened"),
    "areas.loaded": _("areas were loaded"),
    "organisation.entered": _("an organisation was entered"),
    "organisation.corrected": _("an organisation was corrected"),
    "site.entered": _("a site was entered"),
    "site.corrected": _("a site was corrected"),
}
