import { isIP, isIPv6 } from "node:net";

/**
 * The network that a limit counts: an IPv4 address itself; of an IPv6 address its /64, because that is what one
 * subscriber is given (RFC 6177) and each may use all of its addresses. An IPv4 address that is written as an IPv6 one
 * counts as itself.
 */
export function networkOf(address: string): string {
  const bare = address.trim().toLowerCase().split("%")[0] ?? "";
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(bare)?.[1];
  if (mapped !== undefined) return mapped;
  if (!isIPv6(bare)) return isIP(bare) === 4 ? bare : "unknown";
  const [head = "", tail] = bare.split("::");
  const groups = head === "" ? [] : head.split(":");
  const rest = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - groups.length - rest.length);
  const all = [...groups, ...Array.from({ length: zeros }, () => "0"), ...rest];
  const network = all.slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16));
  return `${network.join(":")}::/64`;
}
