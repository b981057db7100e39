// Package store records what the daemon was asked to do: the index of its runs and environments, and the queue. What they
// did is in their run directories, so losing the store loses no evidence.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/envd-dev/envd/envd"
	v1 "github.com/envd-dev/envd/envd/api/v1"
)

// ErrNotFound means that there is no such record.
var ErrNotFound = errors.New("no such run or environment")

// Kind tells runs and environments apart.
type Kind string

const (
	Run Kind = "run"
	Up  Kind = "up"
)

// Record is one run or environment.
type Record struct {
	ID       string
	Kind     Kind
	Name     string
	Runtime  string
	Override bool   // Runtime replaces the spec's own
	Spec     string // path of the spec file
	Dir      string // the run directory
	Bundle   string // where an uploaded spec was unpacked; empty for a path
	TTL      time.Duration
	Status   v1.Status
	Stage    string
	PID      int // of the runner, once it is known
	Created  time.Time
	Started  time.Time
	Ended    time.Time
	Expires  time.Time
	Outcome  envd.Outcome
	ExitCode *int
	Message  string
	// Revision grows with every change of any record, so the records changed since a revision are those with a higher one.
	Revision int64
}

// migrations lead from one version of the schema (PRAGMA user_version) to the next. Never change one, only append.
var migrations = []string{
	`CREATE TABLE record (
		seq       INTEGER PRIMARY KEY AUTOINCREMENT,
		id        TEXT NOT NULL UNIQUE,
		kind      TEXT NOT NULL,
		name      TEXT NOT NULL,
		runtime   TEXT NOT NULL,
		override  INTEGER NOT NULL,
		spec      TEXT NOT NULL,
		dir       TEXT NOT NULL,
		bundle    TEXT NOT NULL,
		ttl       INTEGER NOT NULL,
		status    TEXT NOT NULL,
		stage     TEXT NOT NULL,
		pid       INTEGER NOT NULL,
		created   INTEGER NOT NULL,
		started   INTEGER NOT NULL,
		ended     INTEGER NOT NULL,
		expires   INTEGER NOT NULL,
		outcome   TEXT NOT NULL,
		exit_code INTEGER,
		message   TEXT NOT NULL,
		revision  INTEGER NOT NULL UNIQUE
	) STRICT;
	CREATE INDEX record_status ON record (kind, status, seq);`,
}

// Store is a SQLite database.
type Store struct{ db *sql.DB }

// Open opens or creates the database at path and brings its schema up to date. One that a newer envd wrote is refused.
func Open(ctx context.Context, path string) (*Store, error) {
	dsn := url.URL{Scheme: "file", Path: path, RawQuery: url.Values{
		"_pragma": {"journal_mode(WAL)", "synchronous(NORMAL)", "busy_timeout(5000)"},
		"_txlock": {"immediate"},
	}.Encode()}
	db, err := sql.Open("sqlite", dsn.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1) // statements are short, and a single connection never gets SQLITE_BUSY
	s := &Store{db}
	if err := s.migrate(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("store %s: %w", path, err), db.Close())
	}
	return s, nil
}

// Close closes the database.
func (s *Store) Close() error { return s.db.Close() }

func (s *Store) migrate(ctx context.Context) error {
	var version int
	if err := s.db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	if version > len(migrations) {
		return fmt.Errorf("its schema has version %d, this envd knows %d: use the newer envd", version, len(migrations))
	}
	for i := version; i < len(migrations); i++ {
		err := s.transact(ctx, func(tx *sql.Tx) error {
			if _, err := tx.ExecContext(ctx, migrations[i]); err != nil {
				return err
			}
			_, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", i+1))
			return err
		})
		if err != nil {
			return fmt.Errorf("migration %d: %w", i+1, err)
		}
	}
	return nil
}

func (s *Store) transact(ctx context.Context, do func(*sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := do(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

const columns = `id, kind, name, runtime, override, spec, dir, bundle, ttl, status, stage, pid,
	created, started, ended, expires, outcome, exit_code, message, revision`

// nextRevision is one more than that of any record. Statements run one at a time, so no two changes get the same.
const nextRevision = `(SELECT COALESCE(MAX(revision), 0) + 1 FROM record)`

// Insert adds a record.
func (s *Store) Insert(ctx context.Context, r Record) error {
	_, err := s.db.ExecContext(ctx, `INSERT INTO record (`+columns+`)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, `+nextRevision+`)`, values(r)...)
	return err
}

// Update replaces everything of a record but its ID and kind.
func (s *Store) Update(ctx context.Context, r Record) error {
	v := values(r)
	result, err := s.db.ExecContext(ctx, `UPDATE record SET name = ?, runtime = ?, override = ?, spec = ?, dir = ?, bundle = ?,
		ttl = ?, status = ?, stage = ?, pid = ?, created = ?, started = ?, ended = ?, expires = ?, outcome = ?, exit_code = ?,
		message = ?, revision = `+nextRevision+` WHERE id = ?`, append(v[2:], r.ID)...)
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, fmt.Errorf("%w: %s", ErrNotFound, r.ID))
	}
	return nil
}

// Claim takes the oldest queued run off the queue and marks it as starting, so that it never starts twice. It returns false
// if the queue is empty.
func (s *Store) Claim(ctx context.Context) (r Record, ok bool, err error) {
	rows, err := s.db.QueryContext(ctx, `UPDATE record SET status = ?, revision = `+nextRevision+`
		WHERE seq = (SELECT seq FROM record WHERE kind = ? AND status = ? ORDER BY seq LIMIT 1) RETURNING `+columns,
		string(v1.Starting), string(Run), string(v1.Queued))
	if err != nil {
		return r, false, err
	}
	all, err := scan(rows)
	if err != nil || len(all) == 0 {
		return r, false, err
	}
	return all[0], true, nil
}

// Unqueue cancels a run if it is still queued, and reports whether it was.
func (s *Store) Unqueue(ctx context.Context, id string, ended time.Time) (bool, error) {
	result, err := s.db.ExecContext(ctx, `UPDATE record SET status = ?, ended = ?, revision = `+nextRevision+`
		WHERE id = ? AND status = ?`, string(v1.Canceled), nanos(ended), id, string(v1.Queued))
	if err != nil {
		return false, err
	}
	n, err := result.RowsAffected()
	return n == 1, err
}

// Get returns a record, or ErrNotFound.
func (s *Store) Get(ctx context.Context, id string) (Record, error) {
	all, err := s.query(ctx, `WHERE id = ?`, id)
	if err == nil && len(all) == 0 {
		err = fmt.Errorf("%w: %s", ErrNotFound, id)
	}
	if err != nil {
		return Record{}, err
	}
	return all[0], nil
}

// List returns the records of a kind, the newest first, at most limit.
func (s *Store) List(ctx context.Context, kind Kind, limit int) ([]Record, error) {
	return s.query(ctx, `WHERE kind = ? ORDER BY created DESC, seq DESC LIMIT ?`, string(kind), limit)
}

// Active returns every record that has not ended.
func (s *Store) Active(ctx context.Context) ([]Record, error) {
	return s.query(ctx, `WHERE status NOT IN (?, ?, ?) ORDER BY seq`, string(v1.Finished), string(v1.Canceled), string(v1.Lost))
}

// Forget removes the record of a run that has ended. The one with the highest revision stays, so that no revision is used
// twice.
func (s *Store) Forget(ctx context.Context, id string) error {
	_, err := s.db.ExecContext(ctx, `DELETE FROM record WHERE id = ? AND status IN (?, ?, ?) AND revision < (SELECT MAX(revision) FROM record)`,
		id, string(v1.Finished), string(v1.Canceled), string(v1.Lost))
	return err
}

// Ended returns the records that ended before then.
func (s *Store) Ended(ctx context.Context, then time.Time) ([]Record, error) {
	return s.query(ctx, `WHERE status IN (?, ?, ?) AND ended < ? ORDER BY seq`,
		string(v1.Finished), string(v1.Canceled), string(v1.Lost), nanos(then))
}

// Revision returns the highest revision; 0 where there are no records.
func (s *Store) Revision(ctx context.Context) (revision int64, err error) {
	err = s.db.QueryRowContext(ctx, `SELECT COALESCE(MAX(revision), 0) FROM record`).Scan(&revision)
	return revision, err
}

// Changed returns the records with a higher revision, in the order of their changes.
func (s *Store) Changed(ctx context.Context, revision int64) ([]Record, error) {
	return s.query(ctx, `WHERE revision > ? ORDER BY revision`, revision)
}

func (s *Store) query(ctx context.Context, rest string, args ...any) ([]Record, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT `+columns+` FROM record `+rest, args...)
	if err != nil {
		return nil, err
	}
	return scan(rows)
}
