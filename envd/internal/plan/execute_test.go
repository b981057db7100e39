package plan_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/plan"
)

// graph builds a plan from "operation: what it depends on".
func graph(edges ...[]string) *plan.Plan {
	p := &plan.Plan{}
	for _, e := range edges {
		p.Operations = append(p.Operations, envd.Operation{ID: e[0], DependsOn: e[1:]})
	}
	return p
}

// journal writes events down as "operation kind".
type journal []string

func (j *journal) observe(e plan.Event) {
	*j = append(*j, fmt.Sprintf("%s %s", e.Operation.ID, e.Kind))
}

func TestExecuteReleasesDependentsOnSuccess(t *testing.T) {
	p := graph([]string{"a"}, []string{"b", "a"}, []string{"c", "b"})
	var j journal
	require.NoError(t, plan.Execute(t.Context(), p, func(context.Context, envd.Operation) error { return nil }, j.observe))
	assert.Equal(t, journal{"a started", "a succeeded", "b started", "b succeeded", "c started", "c succeeded"}, j)
}

func TestExecuteRunsIndependentOperationsInParallel(t *testing.T) {
	p := graph([]string{"a"}, []string{"b"}, []string{"c"}, []string{"d", "a", "b", "c"})
	var together sync.WaitGroup // nobody passes before all three are there
	together.Add(3)
	var j journal
	require.NoError(t, plan.Execute(t.Context(), p, func(_ context.Context, op envd.Operation) error {
		if op.ID != "d" {
			together.Done()
			together.Wait()
		}
		return nil
	}, j.observe))
	assert.Equal(t, journal{"d started", "d succeeded"}, j[len(j)-2:])
}

func TestExecuteCancelsAndSkipsAfterTheFirstFailure(t *testing.T) {
	p := graph([]string{"bad"}, []string{"slow"}, []string{"after-bad", "bad"}, []string{"after-slow", "slow"}, []string{"last", "after-bad"})
	boom := errors.New("boom")
	slowRuns := make(chan struct{})
	var j journal
	err := plan.Execute(t.Context(), p, func(ctx context.Context, op envd.Operation) error {
		if op.ID == "bad" {
			<-slowRuns
			return boom
		}
		close(slowRuns)
		<-ctx.Done()
		return ctx.Err()
	}, j.observe)
	require.ErrorIs(t, err, boom)
	assert.EqualError(t, err, "bad: boom")
	assert.Equal(t, journal{
		"bad started", "slow started", "bad failed", "slow cancelled", "after-bad skipped", "after-slow skipped", "last skipped",
	}, j)
}

func TestExecuteJoinsFailuresThatHappenTogether(t *testing.T) {
	p := graph([]string{"a"}, []string{"b"})
	var together sync.WaitGroup
	together.Add(2)
	err := plan.Execute(t.Context(), p, func(_ context.Context, op envd.Operation) error {
		together.Done()
		together.Wait()
		return errors.New("broken " + op.ID)
	}, func(plan.Event) {})
	require.ErrorContains(t, err, "a: broken a")
	require.ErrorContains(t, err, "b: broken b")
}

func TestExecuteDoesNotStartAfterCancellation(t *testing.T) {
	cause := errors.New("interrupted")
	ctx, cancel := context.WithCancelCause(t.Context())
	p := graph([]string{"a"}, []string{"b", "a"})
	var j journal
	err := plan.Execute(ctx, p, func(context.Context, envd.Operation) error { cancel(cause); return nil }, j.observe)
	require.ErrorIs(t, err, cause)
	assert.Equal(t, journal{"a started", "a succeeded", "b skipped"}, j)
}

func TestExecuteOfFinishedWorkSucceedsEvenIfCancelledThen(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	err := plan.Execute(ctx, graph([]string{"a"}), func(context.Context, envd.Operation) error { cancel(); return nil }, func(plan.Event) {})
	require.NoError(t, err)
}

func TestExecuteRefusesAGraphThatCannotEnd(t *testing.T) {
	p := graph([]string{"a", "b"}, []string{"b", "a"}, []string{"c"})
	var j journal
	err := plan.Execute(t.Context(), p, func(context.Context, envd.Operation) error { return nil }, j.observe)
	require.ErrorContains(t, err, "2 operations wait")
	assert.Equal(t, journal{"c started", "c succeeded", "a skipped", "b skipped"}, j)
}

func TestExecuteCarriesARealPlanOut(t *testing.T) {
	p, err := plan.Make(shop(), envd.State{}, isolated)
	require.NoError(t, err)
	var mu sync.Mutex
	done := map[string]bool{}
	err = plan.Execute(t.Context(), p, func(_ context.Context, op envd.Operation) error {
		mu.Lock()
		defer mu.Unlock()
		for _, d := range op.DependsOn {
			if !done[d] {
				return fmt.Errorf("started before %s", d)
			}
		}
		done[op.ID] = true
		return nil
	}, func(plan.Event) {})
	require.NoError(t, err)
	assert.Len(t, done, len(p.Operations))
}
