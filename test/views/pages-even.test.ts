import { checkPages } from "./page-checks.ts";

checkPages("even");
