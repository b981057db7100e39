"use strict";
// Keeps a page current from the API's server-sent events. Everything is set as text, never as markup.
(() => {
  const live = document.getElementById("live");
  const body = document.body;

  const element = (name, text, className) => {
    const e = document.createElement(name);
    if (text) e.textContent = text;
    if (className) e.className = className;
    return e;
  };
  const ended = (s) => s === "finished" || s === "canceled" || s === "lost";
  const pill = (r) => {
    const word = r.status === "finished" && r.outcome ? r.outcome : r.status;
    let kind = "busy";
    if (r.status === "finished" && r.outcome) kind = r.outcome;
    else if (r.status === "lost") kind = "error";
    else if (r.status === "ready") kind = "pass";
    else if (ended(r.status) || r.status === "queued") kind = "idle";
    return element("span", word, "pill " + kind);
  };
  const time = (stamp) => {
    const t = element("time", stamp ? stamp.slice(0, 19).replace("T", " ") : "");
    if (stamp) t.dateTime = stamp;
    return t;
  };
  const cell = (...content) => {
    const td = element("td");
    td.append(...content.filter(Boolean));
    return td;
  };
  const message = (r) => (r.message ? element("span", r.message, "message") : "");
  const head = (...content) => {
    const th = element("th");
    th.scope = "row";
    th.append(...content);
    return th;
  };

  const put = (table, id, cells) => {
    const rows = document.getElementById(table);
    const tr = element("tr");
    tr.dataset.id = id;
    tr.append(...cells);
    const old = [...rows.children].find((r) => r.dataset.id === id);
    if (old) old.replaceWith(tr);
    else rows.prepend(tr);
    rows.querySelector(".none")?.remove();
  };
  const putRun = (r) => {
    const link = element("a", r.id);
    link.href = "/runs/" + encodeURIComponent(r.id);
    put("runs", r.id, [head(link), cell(pill(r)), cell(r.stage), cell(r.runtime), cell(time(r.created)), cell(message(r))]);
  };
  const putEnvironment = (e) => {
    const addresses = Object.entries(e.addresses || {}).flatMap(([name, address]) => [element("code", name), " " + address, element("br")]);
    const shown = { ...e, outcome: e.outcome === "pass" ? "" : e.outcome }; // that it came up and went is not worth a word
    put("environments", e.id, [head(e.id), cell(pill(shown)), cell(e.runtime), cell(e.started && time(e.started)),
      cell(!ended(e.status) && e.expires && time(e.expires)), cell(...addresses, message(e))]);
  };

  // describe says what an observation means; an empty text is not worth a line.
  const describe = (o) => {
    const stage = o.stage ? o.stage + ": " : "";
    if (o.run) return o.run.name.replaceAll("_", " ") + (o.run.detail ? ": " + o.run.detail : "");
    if (o.service) return "service " + o.service.service + " " + o.service.name + (o.service.exit_code !== undefined ? " with code " + o.service.exit_code : "");
    if (o.stage_event) return stage + o.stage_event.name.replaceAll("_", " ");
    if (o.fault) return stage + "fault " + o.fault.fault + " " + o.fault.name + (o.fault.effect ? ", " + o.fault.effect.summary : "") + (o.fault.error ? ": " + o.fault.error : "");
    if (o.functional) return stage + "functional test ended with code " + o.functional.exit_code;
    if (o.connection) return "undeclared " + o.connection.protocol + " connection to " + o.connection.destination;
    if (o.leftover) return "left behind: " + o.leftover.kind + " " + o.leftover.id;
    if (o.sample) return stage + o.sample.requests + " requests" + (o.sample.failed ? ", " + o.sample.failed + " failed" : "");
    return "";
  };

  const listen = (url, handlers) => {
    const source = new EventSource(url);
    source.onopen = () => { live.textContent = "· live"; };
    source.onerror = () => { live.textContent = "· reconnecting"; };
    for (const [name, handle] of Object.entries(handlers)) {
      source.addEventListener(name, (e) => handle(JSON.parse(e.data), source));
    }
  };

  if (body.dataset.after !== undefined) {
    listen("/v1/events?after=" + body.dataset.after, { run: putRun, environment: putEnvironment });
  } else if (body.dataset.run && body.dataset.ended === undefined) {
    const feed = document.getElementById("feed");
    let sample = null; // samples of one stage share a line, so that they do not flood the page
    listen("/v1/runs/" + encodeURIComponent(body.dataset.run) + "/events", {
      observation: (o) => {
        const text = describe(o);
        if (!text) return;
        const line = element("li");
        const at = time(o.time);
        at.textContent = at.textContent.slice(11);
        line.append(at, " ", text);
        if (o.sample && sample && sample === feed.lastElementChild) sample.replaceWith(line);
        else feed.append(line);
        sample = o.sample ? line : null;
      },
      end: (_, source) => { source.close(); location.reload(); },
    });
  }
})();
