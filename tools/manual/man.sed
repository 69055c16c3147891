# What lowdown writes for man(1), made the same for every version of it, and as groff and mandoc both like it.
1i '\\" t
# Ragged on the right, as cells of tables are too narrow to be adjusted; and names are not hyphenated.
/^\.TH /a .nr HY 0\n.ad l\n.nh
# A heading's title on its line, and no paragraph between it and what follows.
:heading
/^\.S[HS]$/{
N
s/\n/ /
}
/^\.S[HS] /{
n
/^\.LP$/d
b heading
}
# Names and what people type: no terminal has a font for code.
s/\\fC|\\f\(CR/\\fB/g
# A dash of theirs is one that can be typed, and no place for a line's end.
:dash
s/(\\fB(\\-|[^\\-])*)-/\1\\-/
t dash
/^\.EX$/,/^\.EE$/s/-/\\-/g
# An example stands apart from the text.
s/^\.EX$/.RS 4\n.EX/
s/^\.EE$/.EE\n.RE/
