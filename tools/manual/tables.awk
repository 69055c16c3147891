# A table as lowdown writes it has columns of one width, each cell a block of text.  Here a column whose cells are all
# short is as wide as they are, and the others share what is left.
BEGIN { SHORT = 28 }

function seen(cell) { # how wide a cell is on a terminal
	gsub(/\\f(\(..|.)/, "", cell)
	gsub(/\\\(../, ".", cell)
	gsub(/\\[&%]/, "", cell)
	gsub(/\\-/, "-", cell)
	return length(cell)
}

function print_table(    r, c, line, formats, spec, opens, kind) {
	for (c = 1; c <= columns; c++)
		formats = formats (wide[c] > SHORT ? "lx" : "l") (c < columns ? " " : "")
	spec = formats
	gsub(/l/, "lb", spec)
	print ".TS"
	print (formats ~ /x/ ? "tab(|) allbox;" : "tab(|) expand allbox;")
	print spec
	print formats "."
	for (r = 1; r <= rows; r++) {
		line = ""
		for (c = 1; c <= columns; c++) {
			kind = wide[c] > SHORT && cell[r, c] != "" ? "T{\n" cell[r, c] "\nT}" : cell[r, c]
			line = line kind (c < columns ? "|" : "")
		}
		print line
	}
	print ".TE"
	delete wide
	delete cell
}

/^\.TS$/ { table = 1; rows = 0; columns = 0; next }
table && /^\.TE$/ { table = 0; print_table(); next }
table && rows == 0 && !/^T[{}]/ { next }
table && /^T\{$/ { rows++; at = 1; next }
table && /^T\}/ {
	if ($0 ~ /\|T\{$/)
		at++
	next
}
table {
	cell[rows, at] = cell[rows, at] (cell[rows, at] == "" ? "" : " ") $0
	if (seen(cell[rows, at]) > wide[at])
		wide[at] = seen(cell[rows, at])
	if (at > columns)
		columns = at
	next
}
{ print }
