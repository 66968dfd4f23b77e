import { defineScript, type Script } from "#kit/redis/script.ts";
import { LINES_MAX, QUANTITY_MAX } from "./store.ts";

/** Requests remembered with a cart: a repetition comes within seconds, and nobody adds this often in that time. */
const REQUEST_IDS_MAX = 100;
/** Merges into a cart that are under way at most; the next one ends the oldest first. */
const ARRIVING_MAX = 8;

/**
 * What all scripts share. A cart is a JSON text at KEYS[1]: `lines` ([product, quantity], oldest first), `requests` (ids,
 * oldest first), `leaving` (the lines on their way into another cart) and `arriving` (merges that will bring lines). Lua's
 * JSON cannot tell an empty list from an empty object, so what is empty is left out. Time is the server's.
 */
const SHARED = `
local key = KEYS[1]

local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function load()
  local json = redis.call('GET', key)
  local cart = json and cjson.decode(json) or {}
  cart.lines = cart.lines or {}
  cart.requests = cart.requests or {}
  cart.arriving = cart.arriving or {}
  return cart, json ~= false
end

local function filled(list)
  if next(list) ~= nil then return list end
end

-- Keeps the time of its end where no lifetime is given.
local function save(cart, lifetime)
  local json = cjson.encode({
    lines = filled(cart.lines), requests = filled(cart.requests), leaving = cart.leaving, arriving = filled(cart.arriving)
  })
  if not lifetime then
    redis.call('SET', key, json, 'KEEPTTL')
    return json, now() + redis.call('PTTL', key)
  end
  redis.call('SET', key, json, 'PX', lifetime)
  return json, now() + lifetime
end

local function answer(cart, lifetime)
  local json, expire = save(cart, lifetime)
  return {'done', json, expire}
end

local function position(lines, product)
  for at, line in ipairs(lines) do
    if line[1] == product then return at end
  end
end

-- Whether it is done for the first time; remembered at KEYS[2].
local function once(id, memory)
  local at = now()
  redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', at)
  if redis.call('ZADD', KEYS[2], 'NX', at + memory, id) == 0 then return false end
  redis.call('PEXPIRE', KEYS[2], memory)
  return true
end
`;

/** A script of a cart. */
export interface CartScript extends Script {
  /** Whether it remembers what was done, and so has a second key; with one alone it runs even while its slot moves. */
  readonly remembers: boolean;
}

const cartScript = (lua: string): CartScript => {
  const text = `${SHARED}\n${lua}`;
  return { ...defineScript(text), remembers: lua.includes("once(") };
};

/** Answers a cart, or nothing. ARGV: lifetime, the gain for which it is prolonged. */
export const READ = cartScript(`
local json = redis.call('GET', key)
if not json then return false end
local lifetime, left = tonumber(ARGV[1]), redis.call('PTTL', key)
if left < lifetime - tonumber(ARGV[2]) then
  redis.call('PEXPIRE', key, lifetime)
  left = lifetime
end
return {'done', json, now() + left}
`);

/** ARGV: lifetime, product, quantity, limit, request id or nothing. */
export const ADD = cartScript(`
local lifetime, product, quantity, limit, request = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]
local cart = load()
if request ~= '' then
  for _, known in ipairs(cart.requests) do
    if known == request then return answer(cart, lifetime) end
  end
end
local at = position(cart.lines, product)
local sum = quantity + (at and cart.lines[at][2] or 0)
if sum > limit then return {'over_limit'} end
if not at and #cart.lines >= ${LINES_MAX} then return {'cart_full'} end
cart.lines[at or #cart.lines + 1] = {product, sum}
if request ~= '' then
  table.insert(cart.requests, request)
  if #cart.requests > ${REQUEST_IDS_MAX} then table.remove(cart.requests, 1) end
end
return answer(cart, lifetime)
`);

/** ARGV: lifetime, product, quantity, limit. */
export const SET = cartScript(`
local product, quantity, limit = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local cart = load()
local at = position(cart.lines, product)
if not at then return {'no_such_line'} end
if quantity > math.max(limit, cart.lines[at][2]) then return {'over_limit'} end
cart.lines[at][2] = quantity
return answer(cart, tonumber(ARGV[1]))
`);

/** ARGV: lifetime, product; without a product all lines. Answers nothing where there is no cart. */
export const REMOVE = cartScript(`
local cart, exists = load()
if not exists then return false end
if ARGV[2] then
  local at = position(cart.lines, ARGV[2])
  if at then table.remove(cart.lines, at) end
else
  cart.lines = {}
end
return answer(cart, tonumber(ARGV[1]))
`);

/** ARGV: how long the order is remembered, its id, then products and quantities in turn. */
export const BUY = cartScript(`
if not once('order:' .. ARGV[2], tonumber(ARGV[1])) then return false end
local cart, exists = load()
if not exists then return false end
for n = 3, #ARGV, 2 do
  local at = position(cart.lines, ARGV[n])
  if at then
    cart.lines[at][2] = cart.lines[at][2] - tonumber(ARGV[n + 1])
    if cart.lines[at][2] <= 0 then table.remove(cart.lines, at) end
  end
end
save(cart)
return false
`);

/** A cart is told of a merge into it. ARGV: lifetime, the merge's id, the owner of the other cart. */
export const ANNOUNCE = cartScript(`
local cart = load()
if #cart.arriving >= ${ARRIVING_MAX} then return {'full', save(cart)} end
table.insert(cart.arriving, {ARGV[2], ARGV[3]})
return answer(cart, tonumber(ARGV[1]))
`);

/**
 * All lines leave a cart together, in a hand-over with an id; answers that, the one before where it is not over yet, or
 * nothing. ARGV: lifetime, the merge's id, the owner of the cart that they go to, the hand-over's id if there will be one.
 */
export const LEAVE = cartScript(`
local cart = load()
if not cart.leaving then
  if #cart.lines == 0 then return false end
  cart.leaving = {merge = ARGV[2], into = ARGV[3], id = ARGV[4], lines = cart.lines}
  cart.lines = {}
  save(cart, tonumber(ARGV[1]))
end
return cjson.encode(cart.leaving)
`);

/** The lines of a hand-over come into a cart, once. ARGV: lifetime, memory, the merge's id, the hand-over's id, lines as JSON. */
export const ARRIVE = cartScript(`
local cart = load()
if ARGV[4] ~= '' and once('merge:' .. ARGV[4], tonumber(ARGV[2])) then
  for _, line in ipairs(cjson.decode(ARGV[5])) do
    local at = position(cart.lines, line[1])
    if at then
      cart.lines[at][2] = math.min(${QUANTITY_MAX}, cart.lines[at][2] + line[2])
    elseif #cart.lines < ${LINES_MAX} then
      table.insert(cart.lines, line)
    end
  end
end
for at = #cart.arriving, 1, -1 do
  if cart.arriving[at][1] == ARGV[3] then table.remove(cart.arriving, at) end
end
return answer(cart, tonumber(ARGV[1]))
`);

/** A hand-over is over. ARGV: its id. */
export const LEFT = cartScript(`
local cart = load()
if not cart.leaving or cart.leaving.id ~= ARGV[1] then return false end
cart.leaving = nil
save(cart)
return false
`);
