// Reads a JSON list of queries from standard input; answers a list of complaints, "" where the parser has none.
const { readFileSync } = require("node:fs");
const { ApexErrorListener, ApexParserFactory } = require("@apexdevtools/apex-parser");

class Complaints extends ApexErrorListener {
  first = "";

  apexSyntaxError(line, column, message) {
    this.first ||= `${line}:${column} ${message}`;
  }
}

function complaint(query) {
  const listener = new Complaints();
  const { parser } = ApexParserFactory.createLexerAndParser(query, listener);
  parser.query();
  // The rule for a query stops where it may; what is left over is a complaint of ours.
  const rest = parser._input.LT(1);
  return listener.first || (rest.type === -1 ? "" : `unexpected: ${rest.text}`);
}

console.log(JSON.stringify(JSON.parse(readFileSync(0, "utf8")).map(complaint)));
