// Reads statements from the standard input and writes, for each, what the strict validator says.
const { default: validate } = require('xapi-validation');

const statements = JSON.parse(require('fs').readFileSync(0, 'utf8'));
process.stdout.write(JSON.stringify(statements.map((each) => validate(each).map(String))));
