# What jq has and jaq's library lacks, or does otherwise.

def @csv:
  [.[] | if . == null then "" elif isstring then "\"" + gsub("\""; "\"\"") + "\"" elif isarray or isobject
    then error("an array or object cannot stand in a line of CSV") else tostring end] | join(",");

def @tsv:
  [.[] | if . == null then "" elif isstring then gsub("\\\\"; "\\\\") | gsub("\t"; "\\t") | gsub("\n"; "\\n") | gsub("\r"; "\\r")
    elif isarray or isobject then error("an array or object cannot stand in a line of TSV") else tostring end] | join("\t");

def from_entries:
  def either(a; b; c; d): if has(a) then .[a] elif has(b) then .[b] elif has(c) then .[c] else .[d] end;
  reduce .[] as $entry ({}; . + {
    ($entry | if has("key") then .key else either("k"; "name"; "Key"; "Name") end | if isstring then . else tojson end):
      ($entry | either("value"; "v"; "Value"; "V"))
  });
def with_entries(f): to_entries | map(f) | from_entries;

# All paths are found before the first is deleted, so that indices mean what they meant.
def delpaths($paths): reduce ($paths | sort | reverse[]) as $path (.; getpath($path) |= empty);
def del(f): delpaths([path(f)]);

def toarray: if isarray then . else [.] end;
def ascii: [.] | implode;
def leaf_paths: paths(scalars);
def INDEX(stream; f): reduce stream as $row ({}; . + { ($row | f | tostring): $row });
def INDEX(f): INDEX(.[]; f);
def IN(s): any(s == .; .);
def IN(source; s): any(source == s; .);
def trimstr($text): ltrimstr($text) | rtrimstr($text);

# What no calendar has would be counted wrongly: jaq multiplies seconds by a million whatever they are, and adds one to any month.
def plain_gmtime: gmtime;
def plain_mktime: mktime;
def plain_strftime($format): strftime($format);
def in_a_calendar:
  if isnumber and (. < -377705023201 or . > 253402207200) then error("\(.) is no moment of the years from -9999 to 9999")
  elif isarray and (.[1] | isnumber and (. < 0 or . > 11)) then error("\(.[1]) is no month; they count from 0 to 11")
  else . end;
def gmtime: in_a_calendar | plain_gmtime;
def mktime: in_a_calendar | plain_mktime;
def strftime($format): in_a_calendar | plain_strftime($format);
