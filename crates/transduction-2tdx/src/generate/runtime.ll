; A term is its nodes in pre-order. A node: symbol, number of arguments, nodes of the subterm, colour.
; Symbols from 0 are those of @symbols; other names have other numbers. Colours: 0 GREEN, 1 BLUE, 2 RED.
%node = type { i32, i32, i32, i32 }

; Nodes of the subterm at %at.
define internal i64 @size(ptr %term, i64 %at) {
  %field = getelementptr %node, ptr %term, i64 %at, i32 2
  %size = load i32, ptr %field
  %wide = zext i32 %size to i64
  ret i64 %wide
}

; Whether the node at %at has this symbol and this number of arguments.
define internal i1 @is(ptr %term, i64 %at, i32 %symbol, i32 %arity) {
  %symbol.field = getelementptr %node, ptr %term, i64 %at, i32 0
  %its.symbol = load i32, ptr %symbol.field
  %arity.field = getelementptr %node, ptr %term, i64 %at, i32 1
  %its.arity = load i32, ptr %arity.field
  %same.symbol = icmp eq i32 %its.symbol, %symbol
  %same.arity = icmp eq i32 %its.arity, %arity
  %both = and i1 %same.symbol, %same.arity
  ret i1 %both
}

; Whether the node at %at has this colour.
define internal i1 @has_color(ptr %term, i64 %at, i32 %color) {
  %field = getelementptr %node, ptr %term, i64 %at, i32 3
  %its.color = load i32, ptr %field
  %same = icmp eq i32 %its.color, %color
  ret i1 %same
}

; Whether the subterms at %a and %b are equal: symbols and numbers of arguments in pre-order determine a term.
define internal i1 @same(ptr %term, i64 %a, i64 %b) {
entry:
  %size = call i64 @size(ptr %term, i64 %a)
  %size.b = call i64 @size(ptr %term, i64 %b)
  %one.size = icmp eq i64 %size, %size.b
  br i1 %one.size, label %node, label %no
node:
  %i = phi i64 [ 0, %entry ], [ %next, %more ]
  %at.a = add i64 %a, %i
  %at.b = add i64 %b, %i
  %symbol.field = getelementptr %node, ptr %term, i64 %at.b, i32 0
  %symbol = load i32, ptr %symbol.field
  %arity.field = getelementptr %node, ptr %term, i64 %at.b, i32 1
  %arity = load i32, ptr %arity.field
  %equal = call i1 @is(ptr %term, i64 %at.a, i32 %symbol, i32 %arity)
  br i1 %equal, label %more, label %no
more:
  %next = add i64 %i, 1
  %end = icmp eq i64 %next, %size
  br i1 %end, label %yes, label %node
yes:
  ret i1 true
no:
  ret i1 false
}

; Whether the subterm at %child equals a direct argument of the one at %parent.
define internal i1 @has_child(ptr %term, i64 %parent, i64 %child) {
entry:
  %size = call i64 @size(ptr %term, i64 %parent)
  %end = add i64 %parent, %size
  %first = add i64 %parent, 1
  br label %argument
argument:
  %at = phi i64 [ %first, %entry ], [ %next, %another ]
  %left = icmp ult i64 %at, %end
  br i1 %left, label %compare, label %no
compare:
  %equal = call i1 @same(ptr %term, i64 %at, i64 %child)
  br i1 %equal, label %yes, label %another
another:
  %its.size = call i64 @size(ptr %term, i64 %at)
  %next = add i64 %at, %its.size
  br label %argument
yes:
  ret i1 true
no:
  ret i1 false
}

; Writes one node.
define internal void @put(ptr %out, i64 %at, i32 %symbol, i32 %arity, i64 %size, i32 %color) {
  %symbol.field = getelementptr %node, ptr %out, i64 %at, i32 0
  store i32 %symbol, ptr %symbol.field
  %arity.field = getelementptr %node, ptr %out, i64 %at, i32 1
  store i32 %arity, ptr %arity.field
  %size.field = getelementptr %node, ptr %out, i64 %at, i32 2
  %narrow = trunc i64 %size to i32
  store i32 %narrow, ptr %size.field
  %color.field = getelementptr %node, ptr %out, i64 %at, i32 3
  store i32 %color, ptr %color.field
  ret void
}

; Copies %size nodes from %from of %term to %to of %out.
define internal void @copy(ptr %term, i64 %from, ptr %out, i64 %to, i64 %size) {
entry:
  br label %node
node:
  %i = phi i64 [ 0, %entry ], [ %next, %node ]
  %at.from = add i64 %from, %i
  %source = getelementptr %node, ptr %term, i64 %at.from
  %value = load %node, ptr %source
  %at.to = add i64 %to, %i
  %target = getelementptr %node, ptr %out, i64 %at.to
  store %node %value, ptr %target
  %next = add i64 %i, 1
  %end = icmp eq i64 %next, %size
  br i1 %end, label %done, label %node
done:
  ret void
}
