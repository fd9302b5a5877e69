"""The English reason and remedy of each finding. Formatted with ``Finding.words()``; translated by ``exchange.words``."""

from .findings import Finding

# code without its “import.” → reason, remedy (empty where there is nothing to do)
REASONS: dict[str, tuple[str, str]] = {
    # Cells of any kind
    "cell_too_narrow": (
        "The cell holds only ###: the spreadsheet column was too narrow when the file was saved.",
        "Widen the column in the spreadsheet, save again, and send the row again.",
    ),
    "cell_error": (
        "The cell holds a spreadsheet error instead of a value.",
        "Mend the formula or type the value, and send the row again.",
    ),
    "text_too_long": ("The text is longer than {limit} characters.", "Shorten it, or move the long text to the notes."),
    "word_within_text": (
        "The meaning was taken from a word inside a longer text.",
        "Check that this is what the text says.",
    ),
    "formula_or_error_cells": (
        "{cells} cells hold formulas or spreadsheet errors; the last saved results were read.",
        "",
    ),
    # Files
    "file_missing": ("No file was chosen.", "Choose a file and send it."),
    "nothing_pasted": ("There is no case in the pasted text.", "Paste at least one sentence about a case."),
    "file_gone": ("The file “{name}” is no longer here.", "Send the file again."),
    "file_empty": ("The file “{name}” is empty.", "Check that the right file was chosen."),
    "file_too_large": (
        "The file “{name}” has {megabytes} MB; the limit is {limit} MB.",
        "Split it into smaller files, or ask whoever runs the system to import it from the command line.",
    ),
    "file_damaged": (
        "The file “{name}” is damaged and cannot be read to the end.",
        "Open it in the spreadsheet program, save it under a new name, and send that.",
    ),
    "file_locked": (
        "The workbook “{name}” is protected by a password.",
        "Save it without a password, or as CSV, and send that.",
    ),
    "file_old_excel": (
        "“{name}” is a workbook of the old Excel format (.xls).",
        "Save it as .xlsx or CSV and send that.",
    ),
    "file_binary_workbook": ("“{name}” is a binary workbook (.xlsb).", "Save it as .xlsx or CSV and send that."),
    "file_open_document": ("“{name}” is an OpenDocument file.", "Save it as .xlsx or CSV and send that."),
    "file_document": (
        "“{name}” is a text document or presentation, not a table.",
        "Copy its table into a spreadsheet, or paste its sentences as text.",
    ),
    "file_pdf": (
        "“{name}” is a PDF, not a table.",
        "Ask for the table the PDF was made from, or paste its sentences as text.",
    ),
    "file_picture": ("“{name}” is a picture.", "Ask for the table it shows."),
    "file_program": ("“{name}” is a program, not a table.", "Do not open it. Check where it came from."),
    "file_compressed": ("“{name}” is a compressed archive.", "Unpack it and send the table inside."),
    "file_web_page": (
        "“{name}” is a web page, perhaps one that asks to sign in.",
        "Download the table itself and send that.",
    ),
    "file_xml": ("“{name}” is XML, not a table.", "Export it as CSV or .xlsx and send that."),
    "file_json": ("“{name}” is JSON, not a table.", "Export it as CSV or .xlsx and send that."),
    "file_binary": (
        "“{name}” is not a text table: at byte {byte} stands what no text has.",
        "Save it as .xlsx or CSV and send that.",
    ),
    "zip_no_workbook": (
        "“{name}” calls itself a workbook but is an archive of other files (for example {example}).",
        "Unpack it and send the table inside.",
    ),
    "zip_bomb": (
        "“{name}” would unpack to {megabytes} MB in {entries} parts, far more than its size.",
        "Check where it came from; if it is right, save it as CSV and send that.",
    ),
    "xml_entities": (
        "“{name}” holds XML definitions that a workbook does not need; it was not read.",
        "Check where it came from; if it is right, save it as CSV and send that.",
    ),
    "encoding_unknown": ("“{encoding}” is no known text encoding.", "Choose UTF-8 or GB18030."),
    "encoding_wrong": (
        "“{name}” is not written in {encoding}: byte {byte} in line {line} does not fit. {looks_like}",
        "Save it as CSV UTF-8 and send that.",
    ),
    "line_endless": (
        "A line of “{name}” is longer than {limit} characters.",
        "Check that this is a table with one row a line.",
    ),
    "quote_open": (
        "In “{name}” a quotation mark opened in row {row} is never closed.",
        "Close the quotation mark in that row, or remove it.",
    ),
    "too_many_columns": (
        "Row {row} of “{name}” has {columns} columns; the limit is {limit}.",
        "Check the dividing sign; send only the columns that are needed.",
    ),
    "no_header": (
        "“{name}” has no header row: row {row} looks like a case ({example}).",
        "Write the names of the columns into the first row.",
    ),
    "header_row_missing": ("“{name}” has no row {row} to take as header.", "Choose another row as header."),
    "no_rows": ("“{name}” has a header but no rows.", "Check that the right file or sheet was chosen."),
    "sheet_missing": ("“{name}” has no sheet “{sheet}”; it has {sheets}.", "Choose one of these sheets."),
    "sheet_scattered": (
        "The sheet “{sheet}” of “{name}” spreads over {rows} rows and {columns} columns, almost all empty.",
        "Copy the table into a new sheet and send that.",
    ),
    "other_sheets": (
        "The sheet “{sheet}” is read; the workbook also has {others}.",
        "Choose another sheet if this is not the one.",
    ),
    "header_empty": ("Column {column} has no header.", ""),
    "header_twice": (
        "The header “{header}” stands over two columns; the second is called “{column}”.",
        "Check which of the two is meant.",
    ),
    "resent_file": ("This is a file of refused rows sent again; the reasons written into it are passed over.", ""),
    # Rows
    "row_is_header": ("The row repeats the header.", "Nothing to do: it is no case."),
    "row_is_no_case": (
        "The row is a title, a total or a remark, not a case.",
        "If it is a case, fill its cells as in the other rows.",
    ),
    "row_quote_open": (
        "A quotation mark in the row is not closed, so its cells cannot be told apart.",
        "Close or remove the quotation mark and send the row again.",
    ),
    "row_too_long": (
        "The row has {cells} cells, the header {columns}.",
        "Perhaps a dividing sign stands inside a text: put that text in quotation marks.",
    ),
    "row_too_short": (
        "The row has {cells} cells, the header {columns}.",
        "Fill up the row, or join it with the line that broke off from it.",
    ),
    "row_says_nothing": ("No mapped column of the row holds anything.", "Fill the row in, or delete it."),
    "row_without_case": ("The row does not tell which case it belongs to.", "Write the case number into the row."),
    "row_repeated": (
        "The row repeats row {row} word for word.",
        "If these are two cases, give each its own case number.",
    ),
    "local_id_repeated": (
        "The case number already stands in row {row} with other content.",
        "Correct the number, or join the two rows.",
    ),
    "local_id_taken": (
        "A case with this number from the same source is already here with other content.",
        "Correct the number; what has changed about a known case is entered on the case's own page.",
    ),
    "without_place": (
        "The row does not say in which area the case belongs.",
        "Write an area into the row, or set an area for all rows that do not say it.",
    ),
    "class_not_in_edition": (
        "The protocol in force on that day does not know the class “{text}”.",
        "Choose a class of that edition; the row is judged from its evidence otherwise.",
    ),
    "already_started": ("This import has already begun.", "Open it to see where it stands."),
    "stopped_by_error": (
        "The import stopped because of an error of the system ({kind}). Every row before it has entered, none is half entered.",
        "Go on with the import; if it stops again, tell whoever runs the system.",
    ),
    # Dates
    "date_unreadable": ("This cannot be read as a date.", "Write the date as year-month-day, for example 2020-01-21."),
    "date_impossible": ("There is no such day in the calendar.", "Correct the date."),
    "date_about": ("The date is given as approximate.", "Write the exact day if it is known."),
    "date_bare_number": ("A bare number cannot be told to be a date.", "Write the date as year-month-day."),
    "date_century_open": ("The year has two digits and could be {choices}.", "Write the year with four digits."),
    "date_eaten": (
        "A spreadsheet seems to have turned another date into this one; it could be {choices}.",
        "Look the date up where the row came from.",
    ),
    "date_lunar": ("The date is of the lunar calendar.", "Write the date of the solar calendar."),
    "date_month_missing": (
        "The month is missing; the month before it in the row was taken.",
        "Write the month as well.",
    ),
    "date_odd_separators": ("The date is written with unusual signs.", "Check that it was read rightly."),
    "date_order_open": (
        "Day and month could be exchanged: {choices}.",
        "Choose the order of the dates for this column.",
    ),
    "date_other_order": ("This date can only be read in another order than the column's: {order}.", "Check this date."),
    "date_part_of_year": ("Only a part of the year is given.", "Write the day if it is known."),
    "date_relative": ("The date depends on the day on which it was written.", "Write the date as year-month-day."),
    "date_reversed": ("The span of dates ends before it begins.", "Exchange the two dates or correct them."),
    "date_separator_missing": ("A sign between the parts of the date is missing.", "Check that it was read rightly."),
    "date_several": (
        "Several dates stand in one cell; the span from the first to the last was taken.",
        "If only one is meant, leave that one.",
    ),
    "date_six_digits": ("Six digits could be {choices}.", "Write the date as year-month-day."),
    "date_stand_in": (
        "This day usually stands for an unknown date; it was taken as unknown.",
        "Write the day if it is known.",
    ),
    "date_year_day_month": (
        "Year, day, month in this order is unusual; it could be {choices}.",
        "Write the date as year-month-day.",
    ),
    "date_year_far": ("The year {year} lies too far from the outbreak.", "Correct the year."),
    "date_year_missing": ("The date {month_day} has no year.", "Set the year of dates without one for this column."),
    "date_year_open": (
        "The date has no year; with {last} as the last day of the list it could be {choices}.",
        "Write the year into the row, or set the year of dates without one for this column.",
    ),
    "day_in_future": ("The day {day} lies after today, {today}.", "Correct the date."),
    "onset_before_birth": ("Onset {onset_date} lies before birth {birth_date}.", "Correct one of the two dates."),
    "report_before_birth": (
        "The report {report_date} lies before birth {birth_date}.",
        "Correct one of the two dates.",
    ),
    "death_before_onset": ("Death {death_date} lies before onset {onset_date}.", "Correct one of the two dates."),
    "discharge_before_onset": (
        "Discharge {discharge_date} lies before onset {onset_date}.",
        "Correct one of the two dates.",
    ),
    "outcome_before_onset": (
        "The outcome {outcome_date} lies before onset {onset_date}.",
        "Correct one of the two dates.",
    ),
    "discharge_before_admission": (
        "Discharge {discharge_date} lies before admission {admission_date}.",
        "Correct one of the two dates.",
    ),
    "outcome_before_admission": (
        "The outcome {outcome_date} lies before admission {admission_date}.",
        "Check the two dates.",
    ),
    "death_before_admission": ("Death {death_date} lies before admission {admission_date}.", "Check the two dates."),
    "onset_after_report": ("Onset {onset_date} lies after the report {report_date}.", "Check the two dates."),
    "onset_after_confirmation": ("Onset {onset_date} lies after confirmation {confirm_date}.", ""),
    "onset_after_admission": ("Onset {onset_date} lies after admission {admission_date}.", ""),
    "exposure_after_onset": ("The exposure {exposure_date} lies after onset {onset_date}.", "Check the two dates."),
    "rash_before_onset": ("The rash {rash_date} began before onset {onset_date}.", ""),
    "result_before_sample": ("The result {result_date} lies before the sample {sampled_date}.", "Check the two dates."),
    "onset_long_before": ("Onset lies {days} days before the report.", "Check the two dates."),
    # Age, sex, identity
    "age_unreadable": (
        "This cannot be read as an age.",
        "Write the age in years, or with a unit, for example 8 months.",
    ),
    "age_about": ("The age is given as approximate.", "Write the exact age if it is known."),
    "age_against_birth": (
        "The age {age} does not fit the date of birth {birth} ({years} years).",
        "Correct one of the two.",
    ),
    "ages_differ": (
        "Two columns tell different ages: {first} and {second} years.",
        "Correct one of the two.",
    ),
    "age_birth_year": (
        "{year} looks like a year of birth; no age was read from it.",
        "Write the age, or map the column to the date of birth.",
    ),
    "age_eaten": ("A spreadsheet seems to have turned an age range into a date.", "Check the age range."),
    "age_group_word": ("The age is given by a word, not by a number.", "Write the age if it is known."),
    "age_negative": ("An age cannot be negative.", "Correct the age."),
    "age_reversed": ("The age range ends before it begins.", "Exchange the two ages or correct them."),
    "age_too_high": ("Nobody has lived beyond {oldest} years.", "Correct the age, or its unit."),
    "age_very_high": ("The age is very high.", "Check the age."),
    "age_unit_unknown": ("The unit of age “{unit}” is not known; years were taken.", "Write years, months or days."),
    "sex_unreadable": ("This cannot be read as a sex.", "Write male, female or unknown."),
    "sex_number": ("The number could mean {choices}.", "Write male or female, or say what the numbers mean."),
    "id_unreadable": ("This is no ID number.", "Write the 18 digits of the ID card (the last may be X)."),
    "id_length": ("An ID number has 18 digits; this one has {digits}.", "Correct the number."),
    "id_check_digit": ("The check digit of the ID number is wrong.", "Compare with the ID card."),
    "id_birth_date": ("The ID number holds an impossible date of birth.", "Compare with the ID card."),
    "id_eaten": (
        "A spreadsheet rounded the ID number: its last digits are lost.",
        "Format the column as text and type the number again.",
    ),
    "id_maybe_eaten": ("The ID number ends in zeros, as when a spreadsheet rounded it.", "Compare with the ID card."),
    "id_masked": ("The ID number is masked and not kept as one.", ""),
    "id_birth_differs": (
        "The ID number gives {id_birth} as date of birth, the row {birth}.",
        "Correct one of the two.",
    ),
    "id_sex_differs": ("The ID number gives another sex ({id_sex}) than the row ({sex}).", "Correct one of the two."),
    "birth_date_from_id": ("The date of birth was taken from the ID number.", ""),
    "sex_from_id": ("The sex was taken from the ID number.", ""),
    "phone_unreadable": ("This is no telephone number.", "Correct the number, or leave it empty."),
    "phone_eaten": (
        "A spreadsheet turned the telephone number into a rounded number.",
        "Format the column as text and type the number again.",
    ),
    "phone_masked": ("The telephone number is masked and not kept as one.", ""),
    "phone_part_unreadable": ("A part of the telephone cell cannot be read: {part}.", "Check the numbers."),
    # Places
    "place_ambiguous": (
        "Several areas have this name: {choices}.",
        "Choose the area in the import, or write its code or the city above it into the row.",
    ),
    "place_unknown": (
        "No area of this name is known. Similar: {choices}",
        "Choose the area in the import, or write its code into the row.",
    ),
    "place_open": ("The file does not say in which area its cases are.", "Set the area of rows that do not say it."),
    "several_persons": (
        "The text seems to tell of {persons} persons; one case was read from it.",
        "Write each person’s sentence on a line of its own, and paste again.",
    ),
    "place_lone": (
        "{name} is the only area known by this name, but nothing says which city or county is meant.",
        "Say whether {choices} is meant, or write the city or county in front.",
    ),
    "place_contradicts": (
        "The code {code} and the name tell of different areas: {choices}.",
        "Choose the area in the import, or correct the code or the name in the row.",
    ),
    "code_unknown": (
        "No area has the code {code} on that day; the name was read instead: {name}.",
        "Check the area.",
    ),
    "coordinate_unreadable": ("This is no latitude or longitude.", "Write decimal degrees, for example 27.9943."),
    # Classes, course, laboratory
    "classification_unreadable": (
        "This is no class of case that is known.",
        "Write suspected, clinically diagnosed, confirmed, asymptomatic or excluded.",
    ),
    "classification_open": (
        "The file does not say of which class its cases are: {choices}.",
        "Set the class of rows that do not say it.",
    ),
    "asymptomatic_with_symptoms": (
        "The case is called asymptomatic but has symptoms: {symptoms}.",
        "Check the class or the symptoms.",
    ),
    "severity_unreadable": ("This is no degree of severity that is known.", "Write mild, common, severe or critical."),
    "severity_is_outcome": ("The severity cell tells the outcome; it was read as that.", ""),
    "outcome_unreadable": ("This is no outcome that is known.", "Write recovered, discharged, in care or died."),
    "outcome_from_words": ("The outcome was read from words.", ""),
    "outcome_from_day": ("The outcome “{outcome}” follows from its day.", ""),
    "outcome_against_death": (
        "The outcome is “{outcome}”, yet a day of death is given: {death}.",
        "Correct one of the two.",
    ),
    "outcome_against_discharge": (
        "The outcome is death, yet a day of discharge is given: {discharge}.",
        "Correct one of the two.",
    ),
    "death_and_discharge": (
        "Both a day of death ({death}) and of discharge ({discharge}) are given.",
        "Say which is the outcome.",
    ),
    "lab_unreadable": (
        "This is no laboratory result that is known.",
        "Write positive, negative, inconclusive or pending.",
    ),
    "lab_dash": ("A dash can mean negative or not done: {choices}.", "Write the result in words."),
    "yes_no_unreadable": ("This is neither yes nor no.", "Write yes, no or unknown."),
    "yes_no_number": ("The number could mean {choices}.", "Write yes or no, or say what the numbers mean."),
    "yes_no_with_words": ("Yes or no was read from a longer answer.", ""),
    "temperature_unreadable": ("This is no temperature.", "Write degrees Celsius, for example 38.2."),
    "temperature_impossible": ("Nobody has this temperature.", "Correct the temperature."),
    "temperature_odd": ("This temperature is unusual.", "Check the temperature."),
    "temperature_fahrenheit": ("The temperature was read as Fahrenheit.", "Check the temperature."),
    "temperature_word": ("The temperature is given by a word.", "Write the degrees if they are known."),
    "onset_from_loose_date": ("Onset was read from a date that stands near the symptoms.", "Check the day of onset."),
    "onset_from_temperature": ("Onset was read from the day of a raised temperature.", "Check the day of onset."),
    "several_returns": ("Several returns are told; the first ({first}) and the last ({second}) were kept.", ""),
    "told_twice": ("Two different things are told: {first} and {second}.", "Check which is right."),
    "sentence_differs": (
        "The column says {column_value}, the sentence {sentence_value}; the column was kept.",
        "Check which is right.",
    ),
    # Links and pairs
    "link_without_end": ("The {end} of the link is missing.", "Write its case number, or delete the row."),
    "link_to_itself": ("The link leads from a case to itself.", "Correct one of the two case numbers."),
    "link_repeated": ("The link already stands in row {row}.", "Delete one of the two rows."),
    "infector_not_in_file": (
        "The infector is not a case of this file; it is looked for among the cases already here.",
        "",
    ),
    "certainty_unreadable": ("This is no degree of certainty that is known.", "Write confirmed, probable or possible."),
    "sides_differ": (
        "Rows {first_row} and {row} tell different things of one case: {first} and {second}.",
        "Check which is right; the first was kept.",
    ),
    # Counts
    "count_unreadable": ("This is no count.", "Write a whole number."),
    "count_negative": ("A count of cases cannot be negative.", "Write the corrected count of that day."),
    "count_without_day": ("The row has counts but no day.", "Write the day into the row."),
    "count_fell": (
        "The cumulative count fell by {by}.",
        "Correct the row, or say how the earlier count was corrected.",
    ),
    "count_too_high": (
        "{number} cases in one cell are more than one import takes as single cases.",
        "Split the file, or send a line list.",
    ),
    "count_is_sum": ("The column is the sum of others and would count every case twice; it is left out.", ""),
    "count_not_cases": ("The column counts something other than cases; it is left out.", ""),
    "count_columns_unmapped": ("No column is mapped to a count of cases.", "Map at least one column to a count."),
    "counts_cumulative": (
        "The counts never fall: they are probably cumulative.",
        "Say whether the counts are of the day or cumulative.",
    ),
    "counted_as_open": (
        "The file does not say of what the day of a count is: {choices}.",
        "Choose what the day of a count is the day of.",
    ),
    "case_when_open": (
        "The file lists people who are no cases as well; {ill} of {rows} rows look ill.",
        "Say which value makes a row a case.",
    ),
    "case_when_unmapped": (
        "The column that tells who is a case is not mapped.",
        "Map that column, or take every row for a case.",
    ),
    # Columns and mappings
    "column_unmapped": ("The column is kept as it is.", ""),
    "mapped_column_missing": (
        "The mapping names a column that the file does not have.",
        "Choose the column that takes its place.",
    ),
    "field_mapped_twice": (
        "Two columns are mapped to the same meaning. {side}",
        "Leave one of them, keep the other as it is.",
    ),
    "nothing_mapped": ("No column is mapped.", "Say of at least one column what it means."),
    "link_ids_unmapped": (
        "A file of links needs both case numbers: of the infector and of the infected.",
        "Map both columns.",
    ),
    "pair_sides_unmapped": (
        "Of these sides of the pairs nothing is mapped: {sides}.",
        "Say of each column whose it is.",
    ),
    "constant_unknown": ("A value set for all rows is not known.", "Choose another value."),
    "mapping_unreadable": ("The saved mapping cannot be read: {problem}.", "Map the columns again and save."),
    "mapping_newer": (
        "The mapping was saved by a newer version ({version}; this one knows {known}).",
        "Update the system, or map the columns again.",
    ),
    "codes_open": ("Numbers stand for words here: {numbers}.", "Say what each number means."),
    "day_open": ("The cells hold the number of a day.", "Say which date is day zero."),
    "day_zero_open": (
        "The cells count days from a day zero that the file does not name, for example {example}.",
        "Say which date is day zero.",
    ),
    "year_open": (
        "The dates have no year, for example {example}; it could be {choices}.",
        "Set the year of dates without one.",
    ),
    "year_unknown": ("The dates have no year, for example {example}.", "Set the year of dates without one."),
    "year_from_name": (
        "The dates have no year, for example {example}; it follows from the day in the file’s name or title, {day}.",
        "Choose another year if this is wrong.",
    ),
    "year_from_row": (
        "The date has no year; it follows from the latest day of the row, {day}.",
        "Write the year if this is wrong.",
    ),
    "order_open": ("Day and month cannot be told apart, for example {example}.", "Choose the order of the dates."),
    "order_contradicted": (
        "The dates of the column are not all in one order: {example} against {against}.",
        "Choose the order of the dates; those that contradict it are shown row by row.",
    ),
    "order_by_cells": ("The order of the dates follows from the cells.", ""),
    "order_by_dots": (
        "The order of the dates, day first, follows from the dots, for example {example}.",
        "Choose another order if this is wrong.",
    ),
    "codes_in_header": ("The header says what the numbers mean: {codes}.", ""),
    "died_by_yes": ("Yes is read as died. No says nothing of the outcome.", ""),
    "sex_m_beside_h": (
        "M stands beside H (hombre, homem) and is read as a woman (mujer, mulher).",
        "Choose another meaning if this is wrong.",
    ),
    "no_onset": ("The cell says that there were no symptoms; no day of onset was read.", ""),
    "order_slips": ("The order is {order}, but {against} cells contradict it.", ""),
    "kind_cases": ("Each row is a case.", ""),
    "kind_cases_and_links": ("Each row is a case that also names its infector.", ""),
    "kind_links": ("Each row is a link between two cases.", ""),
    "kind_pairs": ("Each row is a pair: infector and infected.", ""),
    "kind_counts": ("Each row holds counts by day: {columns}.", ""),
    "map_by_header": ("By its header: “{word}”.", ""),
    "map_by_header_empty": ("By its header “{word}”; its cells are empty.", ""),
    "map_by_header_and_values": ("By its header “{word}”; {percent} % of its cells fit.", ""),
    "map_by_values": ("By its cells: {percent} % fit.", ""),
    "map_values_differ": (
        "The header says “{word}”, but only {percent} % of the cells fit.",
        "Check what the column means.",
    ),
    "map_values_mixed": (
        "The header says “{word}”; {percent} % of the cells fit, others are of another kind.",
        "Check what the column means.",
    ),
    "map_counted_days": ("The header “{word}” is of a date, but the cells count days.", "Say which date is day zero."),
    "map_row_number": (
        "The column numbers the rows; it was taken for the case number for want of another.",
        "Check that these numbers stay the same in the next file.",
    ),
    "map_sentences": ("The column holds whole sentences about cases.", ""),
    "map_kept": ("Its meaning is not known; it is kept as it is.", ""),
    "map_kept_empty": ("It is empty.", ""),
}


class _Shown(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return ""


def reason_of(finding: Finding) -> str:
    """Why, in English."""
    return REASONS[finding.code.removeprefix("import.")][0].format_map(_Shown(finding.words())).strip()


def remedy_of(finding: Finding) -> str:
    """What to do, in English; empty where there is nothing to do."""
    return REASONS[finding.code.removeprefix("import.")][1]
