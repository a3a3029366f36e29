import { type Expression, type RawBuilder, type SqlBool, sql } from "kysely";
import { alternativesOf } from "./abbreviations.ts";

const SEARCH_CHARACTERS_MAX = 100;
const WORDS_MAX = 8;
/** Shorter words have too few trigrams to tell a typo from another word. */
const TYPO_WORD_LENGTH_MIN = 4;

/** How alike a typed word and a stretch of the item's text must be, 0 to 1 (pg_trgm). */
export const WORD_SIMILARITY_MIN = 0.45;

/** The words of a search, lower-case; at most eight, so that a pasted page costs no more than a line. */
export function wordsOf(search: string): readonly string[] {
  const words = search
    .slice(0, SEARCH_CHARACTERS_MAX)
    .toLowerCase()
    .split(/[\s\p{Cc},;]+/u)
    .filter((word) => word !== "");
  return [...new Set(words)].slice(0, WORDS_MAX);
}

/** A text as a LIKE pattern that means just itself. */
export const literalPattern = (text: string): string => text.replace(/[\\%_]/g, (special) => `\\${special}`);

/**
 * The column of `items` with the text that is searched. The newer one has the strength and the form too; a database has
 * one, the other, or both while a change from one to the other is under way.
 */
export type SearchedColumn = "search_text" | "search_words";

/** Items whose text contains every word, or what it abbreviates. */
export const containsAll = (words: readonly string[], column: SearchedColumn): Expression<SqlBool> =>
  and(words.map((word) => contains(word, column)));

/** As `containsAll`, and a word may also be like one of the text. The threshold is the transaction's setting. */
export const resemblesAll = (words: readonly string[], column: SearchedColumn): Expression<SqlBool> =>
  and(words.map((word) => resembles(word, column)));

/** 0 where the name begins with the first word or what it abbreviates, 1 elsewhere. */
export function prefixRank(words: readonly string[]): RawBuilder<number> {
  const [first = ""] = words;
  const begins = alternativesOf(first).map((text) => sql<SqlBool>`lower(name) like ${`${literalPattern(text)}%`}`);
  return sql<number>`case when ${or(begins)} then 0 else 1 end`;
}

/** Thousandths by which the text differs from the words, averaged over them. */
export function differenceRank(words: readonly string[], column: SearchedColumn): RawBuilder<number> {
  const likenesses = words.map((word) => sql<number>`word_similarity(${word}::text, ${sql.ref(column)})`);
  return sql<number>`(1000 - round(1000 * (${sql.join(likenesses, sql` + `)}) / ${sql.lit(words.length)}))::integer`;
}

function contains(word: string, column: SearchedColumn): RawBuilder<SqlBool> {
  return or(alternativesOf(word).map((text) => sql<SqlBool>`${sql.ref(column)} like ${`%${literalPattern(text)}%`}`));
}

function resembles(word: string, column: SearchedColumn): RawBuilder<SqlBool> {
  if (word.length < TYPO_WORD_LENGTH_MIN) return contains(word, column);
  return or([contains(word, column), sql<SqlBool>`${sql.ref(column)} %> ${word}::text`]);
}

const and = (conditions: readonly Expression<SqlBool>[]) => sql<SqlBool>`(${sql.join(conditions, sql` and `)})`;
const or = (conditions: readonly Expression<SqlBool>[]) => sql<SqlBool>`(${sql.join(conditions, sql` or `)})`;
