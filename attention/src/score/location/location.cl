// The score of a position is the query's product with its row of the table: there are no keys.
#define TABLE
