/**
 * What is staged of uploads.
 *
 * @module
 */

import { getUploads } from '../../admin-api.ts'
import { bytes, plural } from '../../format.ts'
import { useLoad } from '../../load.ts'
import { Section, When } from '../../parts/small.tsx'
import { Empty, Loaded } from '../../parts/states.tsx'
import { Columns } from '../../parts/table.tsx'

export const UploadsView = () => (
  <Loaded loading={useLoad(getUploads, [])}>
    {({ uploads, complete }) =>
      uploads.length === 0 ? (
        <Empty title="Nothing is staged">
          <p>
            Uploads that are under way, or were given up, are here while they have bytes in the
            store.
          </p>
        </Empty>
      ) : (
        <Section
          title="Staged"
          aside={`${complete ? '' : 'more than '}${plural(uploads.length, 'upload')}, ${bytes(uploads.reduce((sum, each) => sum + each.bytes, 0))}`}
        >
          <div class="table-frame">
            <table>
              <caption class="hidden">Uploads</caption>
              <Columns of={['Upload', ['Size', 'col-size'], 'Since', 'Last written']} />
              <tbody>
                {uploads.map(({ id, bytes: size, since, latest }) => (
                  <tr key={id}>
                    <th scope="row">
                      <code>{id}</code>
                    </th>
                    <td class="col-size">{bytes(size)}</td>
                    <td>
                      <When date={since} />
                    </td>
                    <td>
                      <When date={latest} />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </Section>
      )
    }
  </Loaded>
)
