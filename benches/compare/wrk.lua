-- Sends the requests of `asked`, which stands above this text, in turn, and prints what came of it in one line.

local at, ready = 0, {}

-- Says when the requests begin: reading this text and connecting takes a while.
function init(arguments)
    for i, one in ipairs(asked) do
        one.headers["Host"] = wrk.headers["Host"]
        ready[i] = wrk.format(one.method, one.target, one.headers, one.body)
    end
    io.write("ready\n")
    io.flush()
end

if #asked == 1 then
    -- wrk repeats a request of its own without asking this script each time.
    wrk.method, wrk.path, wrk.headers, wrk.body = asked[1].method, asked[1].target, asked[1].headers, asked[1].body
else
    function request()
        at = at % #ready + 1
        return ready[at]
    end
end

function done(summary, latency, requests)
    local errors = summary.errors
    io.write(string.format("\nresult %d %d %d %d %d %d %d %d\n", summary.requests, summary.duration, summary.bytes,
        errors.connect, errors.read, errors.write, errors.status, errors.timeout))
end
