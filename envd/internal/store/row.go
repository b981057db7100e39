package store

import (
	"database/sql"
	"errors"
	"time"
)

func values(r Record) []any {
	return []any{
		r.ID, string(r.Kind), r.Name, r.Runtime, r.Override, r.Spec, r.Dir, r.Bundle, int64(r.TTL), string(r.Status), r.Stage, r.PID,
		nanos(r.Created), nanos(r.Started), nanos(r.Ended), nanos(r.Expires), string(r.Outcome), r.ExitCode, r.Message,
	}
}

func scan(rows *sql.Rows) (all []Record, err error) {
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var r Record
		var created, started, ended, expires int64
		if err := rows.Scan(&r.ID, &r.Kind, &r.Name, &r.Runtime, &r.Override, &r.Spec, &r.Dir, &r.Bundle, &r.TTL, &r.Status, &r.Stage, &r.PID,
			&created, &started, &ended, &expires, &r.Outcome, &r.ExitCode, &r.Message, &r.Revision); err != nil {
			return nil, err
		}
		r.Created, r.Started, r.Ended, r.Expires = instant(created), instant(started), instant(ended), instant(expires)
		all = append(all, r)
	}
	return all, rows.Err()
}

// nanos and instant keep the zero time: 0 stands for it.
func nanos(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

func instant(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, n).UTC()
}
