package judge

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"path"
	"testing"

	"github.com/ydb-platform/ydb-go-sdk/v3"
	"github.com/ydb-platform/ydb-go-sdk/v3/query"
	"github.com/ydb-platform/ydb-go-sdk/v3/table"
)

func TestQueryRows(t *testing.T) {
	ctx := patient(t)
	db := database(ctx, t)
	own := people(ctx, t, db)
	must(t, db.Query().Exec(ctx,
		"UPSERT INTO `"+own+"` (id, name, age) SELECT id, name, age FROM AS_TABLE($rows)",
		query.WithParameters(ydb.ParamsBuilder().Param("$rows").Any(everybody).Build()),
	))
	found, err := db.Query().QueryResultSet(ctx,
		"SELECT id, name FROM `"+own+"` WHERE name = $name ORDER BY id",
		query.WithParameters(ydb.ParamsBuilder().Param("$name").Text("ann").Build()),
	)
	must(t, err)
	defer func() { _ = found.Close(ctx) }()
	type person struct {
		ID   uint64  `sql:"id"`
		Name *string `sql:"name"`
	}
	var ids []uint64
	for {
		row, err := found.NextRow(ctx)
		if errors.Is(err, io.EOF) {
			break
		}
		must(t, err)
		var one person
		must(t, row.ScanStruct(&one))
		equal(t, *one.Name, "ann")
		ids = append(ids, one.ID)
	}
	equal(t, len(ids), 2)
	equal(t, ids[0], 1)
	equal(t, ids[1], 3)
}

func TestQueryTransactionIsRepeated(t *testing.T) {
	ctx := patient(t)
	db := database(ctx, t)
	own := people(ctx, t, db)
	must(t, db.Table().BulkUpsert(ctx, own, table.BulkUpsertDataRows(everybody)))
	tries := 0
	must(t, db.Query().DoTx(ctx, func(ctx context.Context, tx query.TxActor) error {
		tries++
		row, err := tx.QueryRow(ctx, "SELECT age FROM `"+own+"` WHERE id = 1")
		if err != nil {
			return err
		}
		var age *int32
		if err := row.Scan(&age); err != nil {
			return err
		}
		if tries == 1 {
			must(t, db.Query().Exec(ctx, "UPDATE `"+own+"` SET age = 100 WHERE id = 1"))
		}
		return tx.Exec(ctx, "UPDATE `"+own+"` SET age = $age WHERE id = 1",
			query.WithParameters(ydb.ParamsBuilder().Param("$age").Int32(*age+1).Build()))
	}, query.WithIdempotent()))
	row, err := db.Query().QueryRow(ctx, "SELECT age FROM `"+own+"` WHERE id = 1")
	must(t, err)
	var age *int32
	must(t, row.Scan(&age))
	equal(t, tries, 2)
	equal(t, *age, 101)
}

func TestQueryIsExplainedWithoutBeingRun(t *testing.T) {
	ctx := patient(t)
	db := database(ctx, t)
	own := people(ctx, t, db)
	plan := ""
	must(t, db.Query().Exec(ctx, "UPSERT INTO `"+own+"` (id) VALUES (9)",
		query.WithExecMode(query.ExecModeExplain),
		query.WithStatsMode(query.StatsModeNone, func(stats query.Stats) { plan = stats.QueryPlan() }),
	))
	if plan == "" {
		t.Fatal("no plan")
	}
	row, err := db.Query().QueryRow(ctx, "SELECT COUNT(*) FROM `"+own+"`")
	must(t, err)
	var count uint64
	must(t, row.Scan(&count))
	equal(t, count, 0)
}

func databaseSQL(ctx context.Context, t *testing.T, options ...ydb.ConnectorOption) (*sql.DB, string) {
	t.Helper()
	driver := database(ctx, t)
	own := path.Join(driver.Name(), ownName(t))
	options = append(options, ydb.WithAutoDeclare(), ydb.WithPositionalArgs())
	connector, err := ydb.Connector(driver, options...)
	must(t, err)
	db := sql.OpenDB(connector)
	t.Cleanup(func() { _ = db.Close() })
	return db, "`" + own + "`"
}

func TestDatabaseSQL(t *testing.T) {
	for name, service := range map[string]bool{"query": true, "table": false} {
		t.Run(name, func(t *testing.T) {
			ctx := patient(t)
			db, own := databaseSQL(ctx, t, ydb.WithQueryService(service))
			must(t, db.PingContext(ctx))
			scheme := ydb.WithQueryMode(ctx, ydb.SchemeQueryMode)
			_, err := db.ExecContext(scheme, "CREATE TABLE "+own+" (id Uint64 NOT NULL, name Utf8, PRIMARY KEY (id))")
			must(t, err)
			var nobody *string
			_, err = db.ExecContext(ctx, "UPSERT INTO "+own+" (id, name) VALUES (?, ?), (?, ?)",
				uint64(1), "ann", uint64(2), nobody)
			must(t, err)
			tx, err := db.BeginTx(ctx, nil)
			must(t, err)
			_, err = tx.ExecContext(ctx, "UPDATE "+own+" SET name = ? WHERE id = ?", "bob", uint64(2))
			must(t, err)
			must(t, tx.Commit())
			tx, err = db.BeginTx(ctx, nil)
			must(t, err)
			_, err = tx.ExecContext(ctx, "DELETE FROM "+own)
			must(t, err)
			must(t, tx.Rollback())
			rows, err := db.QueryContext(ctx, "SELECT id, name FROM "+own+" ORDER BY id")
			must(t, err)
			defer func() { _ = rows.Close() }()
			text := ""
			for rows.Next() {
				var id uint64
				var name sql.NullString
				must(t, rows.Scan(&id, &name))
				text += name.String + " "
			}
			must(t, rows.Err())
			equal(t, text, "ann bob ")
		})
	}
}
